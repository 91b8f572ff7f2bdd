"""People's sentences: one for every code, and each says what to do."""

from enum import Enum

import pytest

from wzp_core.errors import ErrorCode
from wzp_core.nat.classify import NatType
from wzp_core.session.state import (
    Badge,
    CallStage,
    EndReason,
    NetcheckStep,
    NoAudioReason,
    Notice,
    PathReason,
    RelayPhase,
    RoomStage,
    SeedStorage,
)
from wzp_desktop.presenters import words

TABLES: list[tuple[type[Enum], dict[Enum, str]]] = [
    (ErrorCode, words.ERROR),
    (EndReason, words.ENDED),
    (NoAudioReason, words.NO_AUDIO),
    (PathReason, words.NOT_DIRECT),
    (NatType, words.NAT_TYPE),
    (NetcheckStep, words.NETCHECK_STEP),
    (RelayPhase, words.RELAY),
    (RoomStage, words.ROOM),
    (CallStage, words.STAGE),
    (Badge, words.BADGE),
    (Badge, words.BADGE_MEANING),
    (SeedStorage, words.STORAGE),
]


@pytest.mark.parametrize(("codes", "table"), TABLES)
def test_every_code_has_words(codes: type[Enum], table: dict[Enum, str]) -> None:
    assert set(table) == set(codes)
    assert all(text.strip() for text in table.values())


@pytest.mark.parametrize("code", ErrorCode)
def test_a_failure_is_told_in_whole_sentences_without_jargon(code: ErrorCode) -> None:
    text = words.ERROR[code]
    assert text.endswith(".")
    assert "_" not in text
    assert len(text.split(". ")) >= 2 or "," in text or ";" in text, "what happened, then what to do"


def test_badges_are_worded_as_the_protocol_says() -> None:
    assert list(words.BADGE.values()) == ["Verified", "Encrypted", "To the relay only", "Not verified peer"]


def test_a_notice_ends_with_its_detail() -> None:
    assert words.notice_text(None) == ""
    assert words.notice_text(Notice(code=ErrorCode.NO_DEVICE)) == words.ERROR[ErrorCode.NO_DEVICE]
    assert words.notice_text(Notice(code=ErrorCode.NO_DEVICE, detail="USB")).endswith("(USB)")
