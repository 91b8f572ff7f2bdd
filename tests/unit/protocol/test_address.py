import pytest

from wzp_core.protocol.address import DEFAULT_PORT, split_address


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("relay.example", ("relay.example", DEFAULT_PORT)),
        (" relay.example:1 ", ("relay.example", 1)),
        ("203.0.113.5:65535", ("203.0.113.5", 65_535)),
        ("[2001:db8::1]:5", ("2001:db8::1", 5)),
        ("[2001:db8::1]", ("2001:db8::1", DEFAULT_PORT)),
        ("2001:db8::1", ("2001:db8::1", DEFAULT_PORT)),
        ("relay.example:", ("relay.example", DEFAULT_PORT)),
    ],
)
def test_an_address_is_a_host_with_or_without_a_port(typed: str, address: tuple[str, int]) -> None:
    assert split_address(typed) == address


@pytest.mark.parametrize("typed", ["", ":5", "host:0", "host:65536", "host:x", "host:５", "[::1", "[::1]x", "[]:5"])
def test_what_is_no_address_is_none(typed: str) -> None:
    assert split_address(typed) is None
