import json
from pathlib import Path

import pytest

from wzp_core.errors import ErrorCode, LocalMisuse, RemoteViolation
from wzp_core.protocol.ids import CallId
from wzp_core.protocol.profile import GOOD, CodecId, QualityProfile
from wzp_core.protocol.signal import codec
from wzp_core.protocol.signal.base import SignalMessage, UnknownSignal, all_tags
from wzp_core.protocol.signal.call import (
    CallAcceptMode,
    CallRinging,
    DirectCallAnswer,
    Hangup,
    HangupReason,
    Mute,
    Rekey,
    SasNonce,
    Transfer,
)
from wzp_core.protocol.signal.federation import FederatedSignalForward, GlobalRoomActive
from wzp_core.protocol.signal.path import CandidateUpdate, HardNatProbe, Reflect
from wzp_core.protocol.signal.presence import Ping, PresenceUser, RegisterPresenceAck
from wzp_core.protocol.signal.quality import LossRecoveryUpdate, QualityCapability
from wzp_core.protocol.signal.room import RoomParticipant

VECTORS = (Path(__file__).parents[3] / "vectors" / "signals.jsonl").read_text("utf-8").splitlines()
CALL = CallId("18a1b2c3d4e5f607")
PROFILE = '{"codec":"Opus24k","fec_ratio":0.2,"frame_duration_ms":20,"frames_per_block":5}'


def tag_in(text: str) -> str:
    value = json.loads(text)
    return value if isinstance(value, str) else next(iter(value))


def refusal(text: str | bytes) -> RemoteViolation:
    with pytest.raises(RemoteViolation) as refused:
        codec.decode(text.encode() if isinstance(text, str) else text)
    assert refused.value.code is ErrorCode.MALFORMED_SIGNAL
    return refused.value


@pytest.mark.parametrize("text", VECTORS, ids=tag_in)
def test_each_example_of_the_specification_is_read_and_written_again_alike(text: str) -> None:
    message = codec.decode(text.encode())
    written = codec.encode(message)
    assert json.loads(written) == json.loads(text)
    assert codec.decode(written) == message


def test_every_registered_signal_has_an_example() -> None:
    assert {tag_in(text) for text in VECTORS} == set(all_tags())


def test_what_is_written_is_compact_and_utf8() -> None:
    assert codec.encode(Ping(timestamp_ms=1)) == b'{"Ping":{"timestamp_ms":1}}'
    assert codec.encode(Reflect()) == b'"Reflect"'
    assert "Zoë".encode() in codec.encode(GlobalRoomActive(room="Zoë"))


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (Hangup(reason=HangupReason.BUSY), '{"Hangup":{"reason":"Busy"}}'),
        (RegisterPresenceAck(success=False), '{"RegisterPresenceAck":{"success":false}}'),
        (Transfer(target_fingerprint="x"), '{"Transfer":{"target_fingerprint":"x","relay_addr":null}}'),
        (GlobalRoomActive(room="x"), '{"GlobalRoomActive":{"room":"x","participants":[]}}'),
        (
            DirectCallAnswer(call_id=CALL, accept_mode=CallAcceptMode.REJECT),
            '{"DirectCallAnswer":{"call_id":"18a1b2c3d4e5f607","accept_mode":"Reject"}}',
        ),
        (CandidateUpdate(call_id=CALL, generation=1), f'{{"CandidateUpdate":{{"call_id":"{CALL}","generation":1}}}}'),
        (
            GlobalRoomActive(room="x", participants=(RoomParticipant(fingerprint=""),)),
            '{"GlobalRoomActive":{"room":"x","participants":[{"fingerprint":"","alias":null,"relay_label":null}]}}',
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_absent_value_is_left_out_or_null_as_its_field_declares(message: SignalMessage, text: str) -> None:
    assert codec.encode(message).decode() == text
    assert codec.decode(text.encode()) == message


def test_null_and_a_missing_key_mean_absent() -> None:
    for text in ('{"Hangup":{"reason":"Busy"}}', '{"Hangup":{"reason":"Busy","call_id":null}}'):
        assert codec.decode(text.encode()) == Hangup(reason=HangupReason.BUSY)
    assert codec.decode(b'{"Transfer":{"target_fingerprint":"x"}}') == Transfer(target_fingerprint="x")
    assert codec.decode(b'{"LossRecoveryUpdate":{}}') == LossRecoveryUpdate()


def test_unknown_fields_are_ignored_even_the_version_of_later_builds() -> None:
    text = f'{{"QualityCapability":{{"version":1,"call_id":"{CALL}","max_profile":{PROFILE},"x":[{{"y":NULL}}]}}}}'
    message = QualityCapability(call_id=CALL, max_profile=GOOD)
    assert codec.decode(text.replace("NULL", "null").encode()) == message
    assert codec.decode(b'{"Ping":{"timestamp_ms":5,"version":2}}') == Ping(timestamp_ms=5)


@pytest.mark.parametrize("text", ['"Teleport"', '{"Teleport":null}', '{"Teleport":{"to":[1,2]}}', '{"Teleport":7}'])
def test_the_tag_of_a_later_protocol_is_no_error(text: str) -> None:
    assert codec.decode(text.encode()) == UnknownSignal("Teleport")


def test_a_long_unknown_tag_is_cut_short() -> None:
    assert codec.decode(b'"' + b"x" * 10_000 + b'"') == UnknownSignal("x" * 64)


def test_a_signal_without_fields_may_come_as_an_object_with_null() -> None:
    assert codec.decode(b'{"Mute":null}') == codec.decode(b'"Mute"') == Mute()
    refusal('{"Mute":{}}')
    refusal('"Ping"')


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "7",
        "[]",
        "{}",
        '["Reflect"]',
        '{"Ping":{"timestamp_ms":1},"Pong":{"timestamp_ms":1}}',
        '{"Ping":null}',
        '{"Ping":[]}',
        '{"Ping":{}}',
        '{"Ping":{"timestamp_ms":null}}',
        '{"Ping":{"timestamp_ms":true}}',
        '{"Ping":{"timestamp_ms":1.0}}',
        '{"Ping":{"timestamp_ms":"1"}}',
        '{"Ping":{"timestamp_ms":-1}}',
        '{"Ping":{"timestamp_ms":18446744073709551616}}',
        '{"Ping":{"timestamp_ms":%s}}' % ("9" * 5_000),
        '{"Ping":{"timestamp_ms":1,"timestamp_ms":2}}',
        '{"Ping":{"timestamp_ms":1,"x":{"y":1,"y":1}}}',
        '{"Ping":{"timestamp_ms":1,"x":NaN}}',
        '{"Ping":{"timestamp_ms":1,"x":-Infinity}}',
        '{"RouteQuery":{"fingerprint":"x","ttl":256}}',
        '{"HardNatProbe":{"call_id":"x","port_sequence":[65536],"allocation":"","probe_time_ms":0,"external_ip":""}}',
        '{"CandidateUpdate":{"call_id":"x","generation":4294967296}}',
        '{"Hangup":{"reason":"Bored"}}',
        '{"Hangup":{"reason":["Busy"]}}',
        '{"CallRinging":{"call_id":7}}',
        '{"CallRinging":{"call_id":"\\ud800"}}',
        '{"CallRinging":{"call_id":"\x01"}}',
        '{"PresenceList":{"users":{}}}',
        '{"PresenceList":{"users":null}}',
        '{"PresenceList":{"users":["x"]}}',
        '{"PresenceList":{"users":[{"alias":"x"}]}}',
        '{"UpgradeResponse":{"call_id":"x","proposal_id":"x","accepted":1}}',
        '{"Rekey":{"new_ephemeral_pub":[1],"signature":[]}}',
        '{"Rekey":{"new_ephemeral_pub":32,"signature":[]}}',
        '"\\udfff"',
    ],
)
def test_what_is_not_a_signal_is_refused(text: str) -> None:
    refusal(text)


@pytest.mark.parametrize("signature", ["[256]", "[-1]", "[true]", "[1.0]", '"AA=="', "[[1]]", "null", "3"])
def test_bytes_are_a_list_of_numbers_up_to_255(signature: str) -> None:
    key = ",".join("1" * 32)
    refusal(f'{{"Rekey":{{"new_ephemeral_pub":[{key}],"signature":{signature}}}}}')


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_has_exactly_32_bytes(length: int) -> None:
    key = ",".join("1" * length)
    refusal(f'{{"Rekey":{{"new_ephemeral_pub":[{key}],"signature":[]}}}}')


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("0.2", "1e39"),
        ("0.2", "-1e999"),
        ("0.2", "9" * 400),
        ("0.2", "false"),
        ("0.2", '"0.2"'),
        ("Opus24k", "Opus25k"),
        (":20", ":256"),
        (":20", ":20.0"),
    ],
)
def test_a_profile_that_does_not_fit_is_refused(good: str, bad: str) -> None:
    refusal(f'{{"QualityDirective":{{"recommended_profile":{PROFILE.replace(good, bad)}}}}}')


@pytest.mark.parametrize("data", [b"\xff", b'"Refl\xc3ect"', b'"\xed\xa0\x80"', b"\xef\xbb\xbf" + b'"Reflect"'])
def test_what_is_not_utf8_is_refused(data: bytes) -> None:
    refusal(data)


@pytest.mark.parametrize(
    "bomb", ["[" * 100_000, '{"x":' * 100_000, '{"Ping":{"x":' + "[" * 900 + "]" * 900 + ',"timestamp_ms":true}}']
)
def test_deep_nesting_is_refused(bomb: str) -> None:
    refusal(bomb)


@pytest.mark.parametrize("depth", [1, 2, 100, 480, 5_000])
def test_an_envelope_in_an_envelope_is_refused_at_any_depth(depth: int) -> None:
    text = '{"FederatedSignalForward":{"inner":' * (depth + 1) + '"Reflect"' + ',"origin_relay_fp":""}}' * (depth + 1)
    refusal(text)


def test_an_unknown_signal_is_not_forwarded() -> None:
    refusal('{"FederatedSignalForward":{"inner":{"Teleport":{}},"origin_relay_fp":""}}')
    refusal('{"FederatedSignalForward":{"inner":["Reflect"],"origin_relay_fp":""}}')


def test_a_refusal_names_the_field_and_never_the_content() -> None:
    assert "participants: alias: text wanted" in str(
        refusal('{"GlobalRoomActive":{"room":"","participants":[{"fingerprint":"","alias":["secret"]}]}}')
    )
    assert "secret" not in str(refusal('{"AuthToken":{"token":["secret"]}}'))


def test_the_greatest_values_pass() -> None:
    assert codec.decode(b'{"Ping":{"timestamp_ms":18446744073709551615}}') == Ping(timestamp_ms=2**64 - 1)
    probe = HardNatProbe(call_id=CALL, port_sequence=(0, 65_535), allocation="", probe_time_ms=0, external_ip="")
    assert codec.decode(codec.encode(probe)) == probe


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0.2, "0.2"),
        (0.20000000298023224, "0.2"),
        (1, "1.0"),
        (1 / 3, "0.33333334"),
        (3.4028234663852886e38, "3.4028235e+38"),
    ],
)
def test_a_number_of_single_precision_is_written_as_its_shortest_decimal(number: float, written: str) -> None:
    text = codec.encode(QualityCapability(call_id=CALL, max_profile=GOOD, loss_pct=number)).decode()
    assert text.endswith(f'"loss_pct":{written}}}}}')


def test_a_number_widened_from_single_precision_is_the_profile_it_was() -> None:
    text = f'{{"QualityDirective":{{"recommended_profile":{PROFILE.replace("0.2", "0.20000000298023224")}}}}}'
    assert getattr(codec.decode(text.encode()), "recommended_profile", None) == GOOD


@pytest.mark.parametrize(
    "message",
    [
        Ping(timestamp_ms=-1),
        Ping(timestamp_ms=1 << 64),
        SasNonce(call_id=CALL, nonce=b"short"),
        Rekey(new_ephemeral_pub=bytes(33), signature=b""),
        CallRinging(call_id=CallId("\ud800")),
        QualityCapability(call_id=CALL, max_profile=GOOD, loss_pct=float("nan")),
        QualityCapability(call_id=CALL, max_profile=QualityProfile(CodecId.OPUS_24K, 0.2, 256, 5)),
        UnknownSignal("Teleport"),
        FederatedSignalForward(inner=UnknownSignal("Teleport"), origin_relay_fp=""),
        FederatedSignalForward(inner=FederatedSignalForward(inner=Reflect(), origin_relay_fp=""), origin_relay_fp=""),
    ],
    ids=repr,
)
def test_we_never_send_what_others_would_refuse(message: SignalMessage) -> None:
    with pytest.raises(LocalMisuse) as refused:
        codec.encode(message)
    assert refused.value.code is ErrorCode.BAD_VALUE


def test_a_user_without_an_alias_has_no_such_key() -> None:
    assert codec.decode(b'{"PresenceList":{"users":[{"fingerprint":"x"}]}}').users == (  # type: ignore[attr-defined]
        PresenceUser(fingerprint="x"),
    )
