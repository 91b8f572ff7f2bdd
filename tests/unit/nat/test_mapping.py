"""NAT-PMP and PCP, byte by byte."""

import struct
from contextlib import suppress

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
    ):
        with suppress(RemoteViolation):
            read()
