import pytest

from relay.edge.addresses import address_text, advertised_text

EVERYWHERE = ("0.0.0.0", 4433)


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (("203.0.113.5", 5), "203.0.113.5:5"),
        (("2001:db8::1", 5), "[2001:db8::1]:5"),
        (("::ffff:203.0.113.5", 5), "203.0.113.5:5"),
        (("fe80::1%eth0", 5), "[fe80::1]:5"),
    ],
)
def test_addresses_are_written_as_the_wire_has_them(address: tuple[str, int], text: str) -> None:
    assert address_text(address) == text


def test_a_client_is_told_the_configured_else_the_bound_else_the_nearest_address() -> None:
    client = ("127.0.0.1", 9)
    assert advertised_text("relay.example:1", EVERYWHERE, client) == "relay.example:1"
    assert advertised_text("", ("192.0.2.1", 4433), client) == "192.0.2.1:4433"
    assert advertised_text("", EVERYWHERE, client) == "127.0.0.1:4433"
