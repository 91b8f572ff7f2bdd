"""STUN, against the specification's vectors and hostile servers."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wzp_core.errors import RemoteViolation
from wzp_core.nat.stun import binding_request, binding_response, is_stun, read_binding_response

TRANSACTION = bytes(range(12))
REQUEST = "000100002112a442000102030405060708090a0b"
RESPONSE = "0101000c2112a442000102030405060708090a0b002000080001112bea12d547"


def test_the_vectors_of_the_specification() -> None:
    assert binding_request(TRANSACTION).hex() == REQUEST
    assert read_binding_response(bytes.fromhex(RESPONSE), TRANSACTION) == ("203.0.113.5", 12_345)
    assert binding_response(TRANSACTION, ("203.0.113.5", 12_345)).hex() == RESPONSE
    assert is_stun(bytes.fromhex(REQUEST))


def test_ipv6_and_the_older_attribute_are_read() -> None:
    six = ("2001:db8::7", 40_000)
    assert read_binding_response(binding_response(TRANSACTION, six), TRANSACTION) == six
    plain = bytes.fromhex("0101000c2112a442") + TRANSACTION + bytes.fromhex("0001000800013039cb007105")
    assert read_binding_response(plain, TRANSACTION) == ("203.0.113.5", 12_345)


@pytest.mark.parametrize(
    "answer",
    [
        REQUEST,
        RESPONSE.replace("0101000c", "0111000c"),
        RESPONSE.replace("0101000c", "01010010"),
        RESPONSE.replace("060708090a0b", "060708090aff"),
        RESPONSE.replace("00200008", "00210008"),
        RESPONSE.replace("002000080001", "002000080003"),
        RESPONSE[:-2],
        "",
    ],
)
def test_what_is_no_answer_of_ours_is_refused(answer: str) -> None:
    with pytest.raises(RemoteViolation):
        read_binding_response(bytes.fromhex(answer), TRANSACTION)


@given(st.binary(max_size=64))
def test_no_answer_can_do_worse_than_be_refused(body: bytes) -> None:
    head = b"\x01\x01" + len(body).to_bytes(2, "big") + b"\x21\x12\xa4\x42" + TRANSACTION
    for data in (body, head + body):
        with suppress(RemoteViolation):
            read_binding_response(data, TRANSACTION)
