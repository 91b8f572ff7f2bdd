"""Keeps a port of the router open for us: NAT-PMP, else PCP, else UPnP (calls.md §4.3)."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from wzp_core.errors import ErrorCode, Unavailable, WzpError
from wzp_core.io import upnp
from wzp_core.io.gateway import default_gateway
from wzp_core.logs import event, logger
from wzp_core.nat import mapping
from wzp_core.nat.candidates import is_private
from wzp_core.protocol.address import address_text

_ANSWER_S = 1.0
_TRIES = 2
_AGAIN_S = 600.0  # where no router gave one: it may be another network by then
_LEAST_RENEWAL_S = 30.0
_GOODBYE_S = 2.0

log = logger("portmap")


@dataclass(frozen=True, slots=True)
class _Held:
    """What was granted, and how to give it back."""

    protocol: str
    address: str
    lifetime_s: int
    give_back: Callable[[], Awaitable[object]]


class PortMapper:
    """Implements `ports.PortMapping`."""

    def __init__(self, gateway: Callable[[], Awaitable[str | None]] = default_gateway) -> None:
        self._gateway = gateway
        self._held: _Held | None = None
        self._nonce = os.urandom(mapping.NONCE_BYTES)

    @property
    def protocol(self) -> str | None:
        return self._held.protocol if self._held is not None else None

    def current(self) -> str | None:
        return self._held.address if self._held is not None else None

    @asynccontextmanager
    async def hold(self, port: int) -> AsyncIterator[None]:
        keeping = asyncio.ensure_future(self._keep(port))
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.wait({keeping})
            held, self._held = self._held, None
            if held is not None:
                with suppress(WzpError, TimeoutError):
                    async with asyncio.timeout(_GOODBYE_S):
                        await held.give_back()

    async def _keep(self, port: int) -> None:
        while True:
            self._held = await self._ask(port)
            lifetime = self._held.lifetime_s if self._held is not None else 2 * _AGAIN_S
            await asyncio.sleep(max(_LEAST_RENEWAL_S, lifetime / 2))

    async def _ask(self, port: int) -> _Held | None:
        router = await self._gateway()
        if router is None or ":" in router:
            return None
        for ask in (self._by_natpmp, self._by_pcp, self._by_upnp):
            try:
                held = await ask(router, port)
            except (WzpError, OSError):
                continue
            if is_private(held.address.rpartition(":")[0]):
                event(log, "portmap:behind_another_router", protocol=held.protocol)
                with suppress(WzpError, OSError):
                    await held.give_back()
                return None
            event(log, "portmap:granted", protocol=held.protocol, lifetime_s=held.lifetime_s)
            return held
        return None

    async def _by_natpmp(self, router: str, port: int) -> _Held:
        ip = mapping.read_natpmp_address(await _exchange(router, mapping.natpmp_address_request()))
        granted = mapping.read_natpmp(await _exchange(router, mapping.natpmp_request(port)), port)
        return _Held(
            "NatPmp",
            address_text((ip, granted.port)),
            granted.lifetime_s,
            lambda: _exchange(router, mapping.natpmp_request(port, lifetime_s=0)),
        )

    async def _by_pcp(self, router: str, port: int) -> _Held:
        client = _address_towards(router)
        granted = mapping.read_pcp(
            await _exchange(router, mapping.pcp_request(self._nonce, client, port)), self._nonce, port
        )
        return _Held(
            "Pcp",
            address_text((granted.ip or "", granted.port)),
            granted.lifetime_s,
            lambda: _exchange(router, mapping.pcp_request(self._nonce, client, port, lifetime_s=0)),
        )

    async def _by_upnp(self, router: str, port: int) -> _Held:
        client = _address_towards(router)

        def ask() -> tuple[upnp.Gateway, str]:
            gateway = upnp.find_gateway(router, client)
            ip = upnp.external_ip(gateway)
            upnp.add_mapping(gateway, port, client, mapping.LIFETIME_S)
            return gateway, ip

        gateway, ip = await asyncio.to_thread(ask)
        return _Held(
            "UPnP",
            address_text((ip, port)),
            mapping.LIFETIME_S,
            lambda: asyncio.to_thread(upnp.delete_mapping, gateway, port),
        )


def _address_towards(router: str) -> str:
    """Ours, on the way there; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((router, mapping.SERVER_PORT))
        return str(probe.getsockname()[0])


async def _exchange(router: str, request: bytes) -> bytes:
    """The router's answer; raises Unavailable(TIMED_OUT). A connected socket hears nobody else."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect((router, mapping.SERVER_PORT))
        for _ in range(_TRIES):
            sock.send(request)
            try:
                async with asyncio.timeout(_ANSWER_S):
                    return await loop.sock_recv(sock, 1100)
            except TimeoutError:
                continue
    raise Unavailable(ErrorCode.TIMED_OUT, what="router")
