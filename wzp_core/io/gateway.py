"""The router that leads out of this network, for each address family."""

import asyncio
import socket
import sys
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Final

_ROUTES: Final = Path("/proc/net/route")
_ROUTES_6: Final = Path("/proc/net/ipv6_route")
_LIMIT_S: Final = 2.0
_UP_BY_ROUTER: Final = 0x3
_NOWHERE: Final = "0" * 32


async def default_gateway() -> str | None:
    """None where there is none, or the system does not tell."""
    if sys.platform == "darwin":
        return await _of_route_command("-inet")
    return _first(_ROUTES, gateway_of)


async def default_gateway_6() -> str | None:
    """With its scope, `fe80::1%eth0`, where it is link-local."""
    if sys.platform == "darwin":
        return await _of_route_command("-inet6")
    return _first(_ROUTES_6, gateway_6_of)


def gateway_of(routes: str) -> str | None:
    """Out of Linux's table: destination 0, gateway in hexadecimal of the machine's byte order."""
    for line in routes.splitlines()[1:]:
        columns = line.split()
        if len(columns) > 2 and columns[1] == "00000000" and columns[2] != "00000000":
            try:
                return str(IPv4Address(bytes.fromhex(columns[2])[::-1]))
            except ValueError:
                return None
    return None


def gateway_6_of(routes: str) -> str | None:
    """Out of Linux's other table: of the default routes by a router the one of the smallest metric."""
    found: list[tuple[int, str]] = []
    for line in routes.splitlines():
        columns = line.split()
        if len(columns) < 10 or columns[:2] != [_NOWHERE, "00"] or columns[4] == _NOWHERE:
            continue
        try:
            metric, flags = int(columns[5], 16), int(columns[8], 16)
            router = IPv6Address(bytes.fromhex(columns[4]))
        except ValueError:
            continue
        if flags & _UP_BY_ROUTER == _UP_BY_ROUTER:
            found.append((metric, f"{router}%{columns[9]}" if router.is_link_local else str(router)))
    return min(found, key=lambda route: route[0])[1] if found else None


def router_address(router: str, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
    """As sockets take it: of IPv6 with the scope's number. Raises OSError where that interface is gone."""
    if ":" not in router:
        return router, port
    host, _, device = router.partition("%")
    return host, port, 0, socket.if_nametoindex(device) if device else 0


def _first(table: Path, read: Callable[[str], str | None]) -> str | None:
    try:
        return read(table.read_text("ascii"))
    except (OSError, UnicodeError):
        return None


async def _of_route_command(family: str) -> str | None:
    try:
        process = await asyncio.create_subprocess_exec(
            "/sbin/route",
            "-n",
            "get",
            family,
            "default",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(_LIMIT_S):
            told, _ = await process.communicate()
    except (OSError, TimeoutError):
        return None
    for line in told.decode("utf-8", "replace").splitlines():
        name, _, value = line.strip().partition(": ")
        if name == "gateway":
            return value if _is_numeric(value) else None  # an interface, as tunnels have
    return None


def _is_numeric(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
