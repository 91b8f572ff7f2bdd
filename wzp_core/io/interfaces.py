"""This machine's network addresses, and when they change (rtnetlink(7) on Linux, a look now and then elsewhere)."""

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import ifaddr

_SETTLE_S = 0.2  # changes come in swarms: told are the first ones, and what the rest of them came to
_EARLY_S = 0.02  # an address is gone in one message and the new route there some messages later
_EARLY = 3
_LOOK_S = 2.0
_SLEPT_S = 3.0  # of wall time over and above the time this process saw
_GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400  # links, IPv4 addresses and routes, IPv6 addresses and routes
_LONGEST = 65_536


class Interfaces:
    """Implements `ports.NetworkMonitor`."""

    def addresses(self) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for adapter in ifaddr.get_adapters():
            for ip in adapter.ips:
                found[ip.ip if isinstance(ip.ip, str) else ip.ip[0]] = None
        return tuple(found)

    @asynccontextmanager
    async def watch(self, changed: Callable[[], None]) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        waiting: asyncio.TimerHandle | None = None
        swarm, told = False, 0

        def soon() -> None:
            nonlocal waiting, swarm, told
            if waiting is None:
                changed()
                told += 1
                waiting = loop.call_later(_EARLY_S if told <= _EARLY else _SETTLE_S, settled)
            else:
                swarm = True

        def settled() -> None:
            nonlocal waiting, swarm, told
            waiting = None
            if swarm:
                swarm = False
                soon()
            else:
                told = 0

        async with AsyncExitStack() as stack:
            netlink = _route_messages()
            if netlink is not None:
                stack.callback(netlink.close)
                loop.add_reader(netlink, _drain, netlink, soon)
                stack.callback(loop.remove_reader, netlink)
            look = asyncio.ensure_future(self._look(soon, poll=netlink is None))
            stack.callback(look.cancel)
            try:
                yield
            finally:
                if waiting is not None:
                    waiting.cancel()

    async def _look(self, changed: Callable[[], None], *, poll: bool) -> None:
        """Notices sleep, which no interface needs to report, and on other systems the interfaces too."""
        before, seen = self.addresses() if poll else (), time.time() - time.monotonic()
        while True:
            await asyncio.sleep(_LOOK_S)
            offset = time.time() - time.monotonic()
            now = self.addresses() if poll else ()
            if now != before or offset - seen > _SLEPT_S:
                changed()
            before, seen = now, offset


def _route_messages() -> socket.socket | None:
    if sys.platform != "linux":
        return None
    try:
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
        netlink.bind((0, _GROUPS))
    except OSError:  # a sandbox without rtnetlink
        return None
    return netlink


def _drain(netlink: socket.socket, changed: Callable[[], None]) -> None:
    try:
        while netlink.recv(_LONGEST):
            changed()
    except BlockingIOError:
        return
    except OSError:  # too many messages at once: something did change
        changed()
