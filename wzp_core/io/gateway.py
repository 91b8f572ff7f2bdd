"""The router that leads out of this network."""

import asyncio
import sys
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

_ROUTES: Final = Path("/proc/net/route")
_LIMIT_S: Final = 2.0


async def default_gateway() -> str | None:
    """None where there is none, or the system does not tell."""
    if sys.platform == "darwin":
        return await _of_route_command()
    try:
        return gateway_of(_ROUTES.read_text("ascii"))
    except (OSError, UnicodeError):
        return None


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


async def _of_route_command() -> str | None:
    try:
        process = await asyncio.create_subprocess_exec(
            "/sbin/route", "-n", "get", "default", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(_LIMIT_S):
            told, _ = await process.communicate()
    except (OSError, TimeoutError):
        return None
    for line in told.decode("utf-8", "replace").splitlines():
        name, _, value = line.strip().partition(": ")
        if name == "gateway":
            return value
    return None
