"""Which router the system's table names."""

import pytest

from wzp_core.io.gateway import gateway_of

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
