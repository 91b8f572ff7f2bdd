from dataclasses import fields
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.config import RelayConfig, RoomRule
from relay.decide.bus import (
    Admit,
    Answer,
    Fares,
    Message,
    Start,
    Stats,
    Total,
    Visit,
    configured,
    decode,
    encode,
    settings_text,
)
from relay.decide.reload import LIVE
from relay.decide.session_record import SessionRecord
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.ids import Fingerprint

VISIT = Visit(room="general", who="ab", host="::1", stream_id=None, follows=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
)


@pytest.mark.parametrize(
    "message",
    [
        Admit(number=7, visit=VISIT),
        Answer(number=7, stream_id=2),
        Answer(number=7, refusal=ErrorCode.LIMIT),
        Stats(counts=(Total(name="joins", value=1 << 40),), handshakes=(), cpu_ms=9),
        Fares(sessions=(SessionRecord("ab", bytes(range(9)), True, 1, 2, None, 0),)),
        Start(seed=bytes(range(32)), host="::", port=4434, settings="{}"),
    ],
)
def test_a_message_comes_out_as_it_went_in(message: Message) -> None:
    assert decode(encode(message)) == message


@given(st.binary(max_size=200))
def test_bytes_that_are_no_message_are_a_violation(data: bytes) -> None:
    with pytest.raises(RemoteViolation):
        decode(data)


@given(st.sampled_from([kind.__name__ for kind in get_args(Message)]), JSON, st.data())
def test_a_message_of_wrong_fields_is_a_violation_or_a_message(name: str, content: Any, data: st.DataObject) -> None:
    import json

    (kind,) = (kind for kind in get_args(Message) if kind.__name__ == name)
    if data.draw(st.booleans()):
        content = {spec.name: data.draw(JSON) for spec in fields(kind)}
    try:
        message = decode(json.dumps({name: content}).encode())
    except RemoteViolation:
        return
    assert type(message).__name__ == name
    assert decode(encode(message)) == message


def test_a_deep_message_is_a_violation() -> None:
    with pytest.raises(RemoteViolation):
        decode(b"[" * 100_000)


def test_a_worker_is_configured_as_the_main_process_is() -> None:
    rules = (
        RoomRule(name="board", allow=frozenset({Fingerprint(":".join(["518e"] * 8))}), loudest=2, quality="weakest"),
        RoomRule(name="lounge"),
    )
    config = RelayConfig(
        workers=2, loudest=4, trunking=True, rooms=rules, media_kbit_per_second=90.5, auth_url="https://a.example/x",
        http_host="0.0.0.0", http_port=9090, http_token="sixteen-letters-or-more", debug_tap="*",
    )  # fmt: skip
    told = configured(settings_text(config), ("127.0.0.1", 5001))
    assert told.listen == ("127.0.0.1", 5001)
    assert all(getattr(told, name) == getattr(config, name) for name in LIVE - {"peers", "trusted", "probe"})
    assert told.auth_url == config.auth_url
