"""Addresses as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wzp_core.protocol.address import address_text, numeric_address, split_address


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("relay.example", ("relay.example", 4433)),
        (" relay.example:5000 ", ("relay.example", 5000)),
        ("192.0.2.1:1", ("192.0.2.1", 1)),
        ("[2001:db8::1]:5000", ("2001:db8::1", 5000)),
        ("[2001:db8::1]", ("2001:db8::1", 4433)),
        ("2001:db8::1", ("2001:db8::1", 4433)),
    ],
)
def test_host_and_port_are_told_apart(text: str, parts: tuple[str, int]) -> None:
    assert split_address(text) == parts


@pytest.mark.parametrize("text", ["", ":4433", "host:0", "host:65536", "host:x", "[::1", "[::1]x", "[]:1", "h:١"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert split_address(text) is None


@given(st.text())
def test_no_text_does_worse_than_be_refused(text: str) -> None:
    parts = split_address(text)
    assert parts is None or (parts[0] and 0 < parts[1] < 65_536)


@pytest.mark.parametrize(
    ("text", "address"), [("192.0.2.1:1", ("192.0.2.1", 1)), ("[2001:DB8:0::1]:5000", ("2001:db8::1", 5000))]
)
def test_numbers_are_read_in_canonical_form(text: str, address: tuple[str, int]) -> None:
    assert numeric_address(text) == address
    assert numeric_address(address_text(address)) == address


@pytest.mark.parametrize("text", ["relay.example:5", "192.0.2.1", "[fe80::1%2]:5", "2001:db8::1", "[192.0.2.1]:5"])
def test_what_is_no_number_with_a_port_is_none(text: str) -> None:
    assert numeric_address(text) is None
