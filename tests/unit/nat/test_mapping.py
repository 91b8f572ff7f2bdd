"""NAT-PMP and PCP, byte by byte."""

import struct
from contextlib import suppress
from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wzp_core.errors import RemoteViolation
from wzp_core.nat.mapping import (
    Granted,
    natpmp_address_request,
    natpmp_request,
    pcp_request,
    read_natpmp,
    read_natpmp_address,
    read_pcp,
)

NONCE = bytes(range(12))
CLIENT_6 = "2a00:0:1:1::2"


def pinhole_answer(external: str = CLIENT_6, port: int = 40_000) -> bytes:
    """As miniupnpd 2.3.1 gives it."""
    answer = bytearray(pcp_request(NONCE, CLIENT_6, 40_000))
    answer[1] = 0x81
    answer[8:24] = struct.pack("!I12x", 77)
    answer[42:44] = struct.pack("!H", port)
    answer[44:60] = IPv6Address(external).packed
    return bytes(answer)


def pcp_answer(**changed: int) -> bytes:
    place = {"version": 0, "op": 1, "result": 3, "protocol": 36}
    answer = bytearray(pcp_request(NONCE, "192.168.1.2", 40_000))
    answer[1] = 0x81
    answer[42:44] = struct.pack("!H", 41_000)
    answer[56:60] = bytes((203, 0, 113, 5))
    for name, value in changed.items():
        answer[place[name]] = value
    return bytes(answer)


def test_the_requests_are_those_of_the_specification() -> None:
    assert natpmp_address_request() == bytes(2)
    assert natpmp_request(40_000).hex() == "000100009c409c4000001c20"
    assert natpmp_request(40_000, lifetime_s=0).hex() == "000100009c40000000000000"
    request = pcp_request(NONCE, "192.168.1.2", 40_000)
    assert (len(request), request[:2], request[24:36], request[36]) == (60, b"\x02\x01", NONCE, 17)


def test_answers_are_read() -> None:
    assert read_natpmp_address(bytes.fromhex("0080000000000001cb007105")) == "203.0.113.5"
    assert read_natpmp(bytes.fromhex("00810000000000019c409c4100000e10"), 40_000) == Granted(40_001, 3600)
    assert read_pcp(pcp_answer(), NONCE, 40_000) == Granted(41_000, 7200, "203.0.113.5")


def test_a_pinhole_is_asked_for_from_our_own_address_and_needs_no_other() -> None:
    assert pcp_request(NONCE, CLIENT_6, 40_000).hex() == (
        "02010000" "00001c20" "2a000000000100010000000000000002"
        "000102030405060708090a0b" "11000000" "9c409c40" "00000000000000000000000000000000"
    )  # fmt: skip
    gone = pcp_request(NONCE, CLIENT_6, 40_000, lifetime_s=0)
    assert (gone[4:8], gone[40:44]) == (bytes(4), b"\x9c\x40\0\0")
    assert read_pcp(pinhole_answer(), NONCE, 40_000, is_v6=True) == Granted(40_000, 7200, CLIENT_6)


def test_an_answer_of_the_other_family_grants_nothing() -> None:
    for answer, is_v6 in ((pinhole_answer(), False), (pcp_answer(), True), (pinhole_answer("::ffff:1.2.3.4"), True)):
        with pytest.raises(RemoteViolation):
            read_pcp(answer, NONCE, 40_000, is_v6=is_v6)


@given(st.binary(max_size=40), st.integers(0, 40))
def test_a_mangled_pinhole_is_refused_or_still_one(noise: bytes, at: int) -> None:
    answer = bytearray(pinhole_answer())
    answer[at : at + len(noise)] = noise
    with suppress(RemoteViolation):
        granted = read_pcp(bytes(answer), NONCE, 40_000, is_v6=True)
        assert granted.port > 0
        assert granted.lifetime_s > 0
        assert IPv6Address(granted.ip).ipv4_mapped is None


@pytest.mark.parametrize("changed", [{"version": 1}, {"op": 1}, {"result": 8}, {"protocol": 6}])
def test_a_refusal_grants_nothing(changed: dict[str, int]) -> None:
    with pytest.raises(RemoteViolation):
        read_pcp(pcp_answer(**changed), NONCE, 40_000)
    with pytest.raises(RemoteViolation):
        read_pcp(pcp_answer(), bytes(12), 40_000)
    with pytest.raises(RemoteViolation):
        read_natpmp(bytes.fromhex("00810002000000019c409c4100000e10"), 40_000)


@given(st.binary(max_size=80))
def test_no_answer_can_do_worse_than_be_refused(data: bytes) -> None:
    for read in (
        lambda: read_natpmp_address(data),
        lambda: read_natpmp(data, 40_000),
        lambda: read_pcp(data, NONCE, 40_000),
        lambda: read_pcp(data, NONCE, 40_000, is_v6=True),
    ):
        with suppress(RemoteViolation):
            read()
