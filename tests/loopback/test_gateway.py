"""Which router the system's table names."""

import socket

import pytest

from wzp_core.io.gateway import gateway_6_of, gateway_of, router_address

HEAD = "Iface\tDestination\tGateway\tFlags\n"


@pytest.mark.parametrize(
    ("rows", "gateway"),
    [
        ("eth0\t00000000\t0101A8C0\t0003\n", "192.168.1.1"),
        ("eth0\t0001A8C0\t00000000\t0001\neth0\t00000000\tFE00000A\t0003\n", "10.0.0.254"),
        ("tun0\t00000000\t00000000\t0001\n", None),
        ("eth0\t00000000\tnonsense\t0003\n", None),
        ("", None),
    ],
)
def test_the_default_route_names_the_router(rows: str, gateway: str | None) -> None:
    assert gateway_of(HEAD + rows) == gateway


ANYWHERE = f"{'0' * 32} 00"
NOBODY = "0" * 32


def route(router: str, metric: str, flags: str = "00000003", target: str = ANYWHERE, device: str = "eth0") -> str:
    return f"{target} {NOBODY} 00 {router} {metric} 00000001 00000000 {flags} {device:>8}\n"


@pytest.mark.parametrize(
    ("rows", "gateway"),
    [
        (route(f"fe80{'0' * 27}1", "00000400"), "fe80::1%eth0"),
        (route(f"fd00{'0' * 27}1", "00000400"), "fd00::1"),
        (
            route(f"fe80{'0' * 27}2", "00000400") + route(f"fe80{'0' * 27}3", "00000100", device="wlan0"),
            "fe80::3%wlan0",
        ),
        (route(f"fe80{'0' * 27}1", "00000400", target=f"{'2' * 32} 40"), None),
        (route(f"fe80{'0' * 27}1", "00000400", flags="00000002"), None),
        (route(NOBODY, "ffffffff", flags="00200200", device="lo"), None),
        (route("nonsense", "00000400"), None),
        ("fe80 00\n", None),
        ("", None),
    ],
)
def test_the_default_route_of_ipv6_names_the_router_and_where_it_is(rows: str, gateway: str | None) -> None:
    assert gateway_6_of(rows) == gateway


def test_a_router_of_an_interface_is_asked_there() -> None:
    assert router_address("192.168.1.1", 5351) == ("192.168.1.1", 5351)
    assert router_address("fe80::1%lo", 5351) == ("fe80::1", 5351, 0, socket.if_nametoindex("lo"))
    assert router_address("fd00::1", 5351) == ("fd00::1", 5351, 0, 0)
    with pytest.raises(OSError, match=r"."):
        router_address("fe80::1%gone", 5351)
