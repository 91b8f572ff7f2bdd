"""Two states of the engine → the events between them."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

from wzp_core.cli.events import changes
from wzp_core.errors import ErrorCode
from wzp_core.protocol.ids import CallId, Fingerprint
from wzp_core.session.state import (
    AppState,
    CallStage,
    CallView,
    EndReason,
    Me,
    MediaView,
    NoAudioReason,
    PathReason,
    Person,
    RelayPhase,
    RelayState,
    SasStage,
    SasView,
)

ME, PEER = (Fingerprint(":".join([digit * 4] * 8)) for digit in "12")
CALL = CallView(
    call_id=CallId("c1"), peer=Person(fingerprint=PEER, alias="bob"), outgoing=True, stage=CallStage.DIALLING
)
ONLINE = AppState(
    me=Me(fingerprint=ME, alias="me"), relay=RelayState(phase=RelayPhase.ONLINE, address="192.0.2.1:4433")
)


def story(*calls: CallView | None) -> list[tuple[str, dict[str, Any]]]:
    states = [replace(ONLINE, call=call) for call in calls]
    return [each for before, after in pairwise(states) for each in changes(before, after)]


def names(*calls: CallView | None) -> list[str]:
    return [name for name, _ in story(*calls)]


def test_registration_is_told_once() -> None:
    assert changes(AppState(), ONLINE) == [("registered", {"fingerprint": ME, "relay": "192.0.2.1:4433"})]
    assert changes(ONLINE, replace(ONLINE, mic_muted=True)) == []


def test_an_outgoing_call_from_ringing_to_its_end() -> None:
    active = replace(CALL, stage=CallStage.ACTIVE, media=MediaView(path="relay", rtt_ms=12.0))
    ended = replace(active, stage=CallStage.ENDED, ended=EndReason.PEER_HUNG_UP)
    stages = [replace(CALL, stage=stage) for stage in (CallStage.RINGING, CallStage.CONNECTING)]
    assert story(None, CALL, *stages, active, ended) == [
        ("ringing", {"call_id": "c1"}),
        ("answered", {"call_id": "c1"}),
        ("media", {}),
        ("path", {"path": "relay", "rtt_ms": 12.0, "reason": None}),
        ("ended", {"reason": "peer_hung_up", "code": None}),
    ]


def test_an_incoming_call_names_its_caller() -> None:
    ring = replace(CALL, outgoing=False, stage=CallStage.INCOMING)
    assert story(None, ring) == [("incoming", {"call_id": "c1", "from": PEER, "alias": "bob"})]


def test_a_lost_path_is_reconnecting_and_not_media_again() -> None:
    active = replace(CALL, stage=CallStage.ACTIVE)
    assert names(active, replace(active, stage=CallStage.RECONNECTING), active) == ["reconnecting", "reconnected"]


def test_silence_and_its_end_are_events() -> None:
    active = replace(CALL, stage=CallStage.ACTIVE)
    silent = replace(active, media=MediaView(no_audio=NoAudioReason.PATH_LOST))
    assert story(active, silent, active) == [
        ("no_audio", {"since_ms": 1000, "reason": "path_lost"}),
        ("audio_back", {}),
    ]


def test_every_change_of_the_path_and_of_its_reason_is_an_event() -> None:
    trying = replace(CALL, stage=CallStage.ACTIVE, media=MediaView(path_reason=PathReason.TRYING))
    direct = replace(trying, media=MediaView(path="direct", rtt_ms=9.0))
    lost = replace(trying, media=MediaView(path_reason=PathReason.PATH_LOST, rtt_ms=30.0))
    slower = replace(lost, media=replace(lost.media, rtt_ms=31.0))
    assert story(trying, direct, lost, slower) == [
        ("path", {"path": "direct", "rtt_ms": 9.0, "reason": None}),
        ("path", {"path": "relay", "rtt_ms": 30.0, "reason": "path_lost"}),
    ]


def test_the_code_is_told_once_and_a_security_failure_with_its_code() -> None:
    ready = replace(CALL, stage=CallStage.ACTIVE, sas=SasView(stage=SasStage.READY, code="123 456"))
    confirmed = replace(ready, sas=replace(ready.sas, stage=SasStage.CONFIRMED))
    failed = replace(ready, stage=CallStage.ENDED, ended=EndReason.SECURITY, ended_code=ErrorCode.WRONG_IDENTITY)
    assert story(replace(ready, sas=SasView()), ready, confirmed) == [("sas", {"code": "123 456"})]
    assert story(ready, failed) == [("ended", {"reason": "security", "code": "wrong_identity"})]


def test_the_next_call_starts_its_own_story() -> None:
    ended = replace(CALL, stage=CallStage.ENDED, ended=EndReason.HUNG_UP)
    assert names(ended, replace(CALL, call_id=CallId("c2"), stage=CallStage.RINGING)) == ["ringing"]


def test_a_path_that_changed_during_an_outage_is_told_too() -> None:
    direct = replace(CALL, stage=CallStage.ACTIVE, media=MediaView(path="direct", rtt_ms=3.0))
    lost = replace(direct, stage=CallStage.RECONNECTING)
    relay = replace(CALL, stage=CallStage.ACTIVE, media=MediaView(path="relay", rtt_ms=9.0))
    assert names(direct, lost, relay) == ["reconnecting", "reconnected", "path"]
    assert names(direct, lost, replace(relay, stage=CallStage.RECONNECTING), relay) == [
        "reconnecting",
        "path",
        "reconnected",
    ]
