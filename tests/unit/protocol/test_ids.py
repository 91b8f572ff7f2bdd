import pytest

from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.ids import (
    CallId,
    call_room,
    check_call_id,
    fingerprint_text,
    parse_fingerprint,
    parse_tls_fingerprint,
)

SHOWN = "518e:b935:62fa:9e34:e59c:28b6:7fc2:d384"


@pytest.mark.parametrize(
    "typed", [SHOWN, SHOWN.upper(), f" {SHOWN}\n", SHOWN.replace(":", ""), SHOWN.replace(":", " "), SHOWN + ":ffff"]
)
def test_a_fingerprint_is_recognised_however_it_is_typed(typed: str) -> None:
    assert parse_fingerprint(typed) == SHOWN
    assert fingerprint_text(bytes.fromhex(SHOWN.replace(":", ""))) == SHOWN


@pytest.mark.parametrize("typed", ["", SHOWN[:-1], "zz" * 16])
def test_too_few_digits_are_no_fingerprint(typed: str) -> None:
    with pytest.raises(RemoteViolation) as refused:
        parse_fingerprint(typed)
    assert refused.value.code is ErrorCode.BAD_VALUE


def test_a_certificate_fingerprint_is_recognised_with_and_without_colons() -> None:
    shown = ":".join(["ab"] * 32)
    assert parse_tls_fingerprint("AB" * 32) == parse_tls_fingerprint(shown) == shown


@pytest.mark.parametrize("typed", ["", "ab" * 31, "ab" * 33, "xy" * 32])
def test_a_certificate_fingerprint_has_exactly_32_bytes(typed: str) -> None:
    with pytest.raises(RemoteViolation):
        parse_tls_fingerprint(typed)


@pytest.mark.parametrize("good", ["18a1b2c3d4e5f607", "a", "A-b_9", "x" * 59])
def test_a_call_id_can_be_part_of_a_room_name(good: str) -> None:
    assert call_room(check_call_id(good)) == f"call-{good}"
    assert len(call_room(CallId(good))) <= 64


@pytest.mark.parametrize("bad", ["", "x" * 60, "a b", "a.b", "ü", "a\n"])
def test_a_call_id_that_could_not_is_refused(bad: str) -> None:
    with pytest.raises(RemoteViolation):
        check_call_id(bad)
