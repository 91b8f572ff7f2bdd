"""Keeps a router's port and its IPv6 firewall open for us: by NAT-PMP, PCP or UPnP (calls.md §4.3)."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address, ip_network
from typing import TypeAlias

from wzp_core.errors import ErrorCode, Unavailable, WzpError
from wzp_core.io import upnp
from wzp_core.io.gateway import default_gateway, default_gateway_6, router_address
from wzp_core.logs import event, logger
from wzp_core.nat import igd, mapping
from wzp_core.nat.candidates import is_private
from wzp_core.ports import Address
from wzp_core.protocol.address import address_text

_ANSWER_S = 1.0
_TRIES = 2
_AGAIN_S, _LONGEST_AGAIN_S = 30.0, 600.0  # where no router gave one; twice as long each time
_LEAST_RENEWAL_S = 30.0
_MOST_PINHOLES = 3  # this machine may have many addresses
_GOODBYE_S = 2.0
_OUTSIDE_6 = "2000::1"  # anywhere; nothing is sent there
_GLOBAL_6 = ip_network("2000::/3")

log = logger("portmap")


@dataclass(frozen=True, slots=True)
class _Place:
    """Whom we ask, and as whom."""

    router: str
    client: str
    port: int


@dataclass(frozen=True, slots=True)
class _Held:
    """What was granted, and how to give it back."""

    protocol: str
    address: Address
    lifetime_s: int
    give_back: Callable[[], Awaitable[object]]


_Ask: TypeAlias = Callable[[_Place], Awaitable[_Held]]
_Find: TypeAlias = Callable[[], Awaitable[_Place | None]]


class _Lease:
    """One thing that routers grant for a while: asked for, renewed, asked for anew elsewhere, given back."""

    def __init__(self, what: str, find: _Find, ways: tuple[_Ask, ...]) -> None:
        self._what, self._find, self._ways = what, find, ways
        self._look = asyncio.Event()
        self._told: str | None = None
        self.held: _Held | None = None

    def network_changed(self) -> None:
        self._look.set()

    async def keep(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        place: _Place | None = None
        due, again_s, ends = loop.time(), _AGAIN_S, loop.time()
        while True:
            self._look.clear()
            before, place = place, await self._find()
            if place != before:
                self.held, again_s = None, _AGAIN_S  # it was another network's
            if place != before or loop.time() >= due:
                granted = await self._ask(place) if place is not None else None
                if granted is not None:
                    self.held, again_s, ends = granted, _AGAIN_S, loop.time() + granted.lifetime_s
                    due = loop.time() + max(_LEAST_RENEWAL_S, granted.lifetime_s / 2)
                else:  # what is held is so until it ends
                    self.held = self.held if loop.time() < ends else None
                    due, again_s = loop.time() + again_s, min(_LONGEST_AGAIN_S, 2 * again_s)
                self._tell()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._look.wait()

    async def give_back(self) -> None:
        held, self.held = self.held, None
        if held is not None:
            with suppress(WzpError, OSError):
                async with asyncio.timeout(_GOODBYE_S):
                    await held.give_back()

    async def _ask(self, place: _Place) -> _Held | None:
        for ask in self._ways:
            try:
                held = await ask(place)
            except (WzpError, OSError):
                continue
            host = held.address[0]
            if host == place.client or ":" not in host:
                return held
            # A router that translates IPv6: nobody reaches us by that.
            with suppress(WzpError, OSError):
                await held.give_back()
            return None
        return None

    def _tell(self) -> None:
        """Once, not at each renewal."""
        protocol = self.held.protocol if self.held is not None else "none"
        if protocol != self._told:
            self._told = protocol
            lifetime_s = self.held.lifetime_s if self.held is not None else 0
            event(log, "portmap:asked", what=self._what, protocol=protocol, lifetime_s=lifetime_s)


class PortMapper:
    """Implements `ports.PortMapping`."""

    def __init__(self, addresses: Callable[[], tuple[str, ...]]) -> None:
        """`addresses`: this machine's."""
        self._addresses = addresses
        self._sockets: Callable[[], tuple[Address, ...]] = lambda: ()
        self._nonce = os.urandom(mapping.NONCE_BYTES)
        self._port = _Lease("port", self._place, (self._by_natpmp, self._by_pcp, self._by_upnp))
        ways = (self._by_pcp, self._pinhole_by_upnp)
        self._pinholes = tuple(_Lease("pinhole", partial(self._place_6, n), ways) for n in range(_MOST_PINHOLES))

    @property
    def protocol(self) -> str | None:
        return self._port.held.protocol if self._port.held is not None and self.current() is not None else None

    def current(self) -> str | None:
        return self._mapped(inside=False)

    def current_inside(self) -> str | None:
        return self._mapped(inside=True)

    @property
    def pinhole(self) -> str | None:
        return next((lease.held.protocol for lease in self._pinholes if lease.held is not None), None)

    def network_changed(self) -> None:
        for lease in (self._port, *self._pinholes):
            lease.network_changed()

    @asynccontextmanager
    async def hold(self, sockets: Callable[[], tuple[Address, ...]]) -> AsyncIterator[None]:
        self._sockets = sockets
        leases = (self._port, *self._pinholes)
        keeping = [asyncio.ensure_future(lease.keep()) for lease in leases]
        try:
            yield
        finally:
            for task in keeping:
                task.cancel()
            await asyncio.wait(keeping)
            await asyncio.gather(*(lease.give_back() for lease in leases))

    def _mapped(self, *, inside: bool) -> str | None:
        held = self._port.held
        return address_text(held.address) if held is not None and is_private(held.address[0]) is inside else None

    async def _place(self) -> _Place | None:
        router = await default_gateway()
        client = _own_address(router) if router is not None else None
        port = next((port for host, port in self._sockets() if ":" not in host), None)
        return _Place(router, client, port) if router and client and port else None

    async def _place_6(self, number: int) -> _Place | None:
        """Of the addresses that peers may be told, the one used outside comes first."""
        router = await default_gateway_6()
        used = _own_address(router) if router is not None else None
        port = next((port for host, port in self._sockets() if ":" in host), None)
        if not router or not used or not port:
            return None
        others = {text.partition("%")[0] for text in self._addresses() if ":" in text} - {used}
        clients = [used, *sorted(text for text in others if ip_address(text) in _GLOBAL_6)]
        return _Place(router, clients[number], port) if number < len(clients) else None

    async def _by_natpmp(self, at: _Place) -> _Held:
        ip = mapping.read_natpmp_address(await _exchange(at, mapping.natpmp_address_request()))
        granted = mapping.read_natpmp(await _exchange(at, mapping.natpmp_request(at.port)), at.port)
        return _Held(
            "NatPmp",
            (ip, granted.port),
            granted.lifetime_s,
            lambda: _exchange(at, mapping.natpmp_request(at.port, lifetime_s=0)),
        )

    async def _by_pcp(self, at: _Place) -> _Held:
        """Of IPv6 a pinhole, whose outside is the same address; a port that is another would be of no use to peers."""
        answer = await _exchange(at, mapping.pcp_request(self._nonce, at.client, at.port))
        granted = mapping.read_pcp(answer, self._nonce, at.port, is_v6=":" in at.client)
        return _Held(
            "Pcp",
            (granted.ip or "", granted.port),
            granted.lifetime_s,
            lambda: _exchange(at, mapping.pcp_request(self._nonce, at.client, at.port, lifetime_s=0)),
        )

    async def _by_upnp(self, at: _Place) -> _Held:
        def ask() -> tuple[igd.Service, str]:
            service = upnp.find_service(at.router, at.client, igd.FORWARDING)
            ip = igd.read_external_ip(upnp.call(service, igd.external_ip(service), at.client, at.router))
            asked = igd.add_mapping(service, at.port, at.client, mapping.LIFETIME_S)
            upnp.call(service, asked, at.client, at.router)
            return service, ip

        service, ip = await asyncio.to_thread(ask)
        gone = igd.delete_mapping(service, at.port)
        return _Held(
            "UPnP",
            (ip, at.port),
            mapping.LIFETIME_S,
            lambda: asyncio.to_thread(upnp.call, service, gone, at.client, at.router),
        )

    async def _pinhole_by_upnp(self, at: _Place) -> _Held:
        def ask() -> tuple[igd.Service, int]:
            service = upnp.find_service(at.router, at.client, igd.FIREWALL)
            asked = igd.add_pinhole(service, at.port, at.client, mapping.LIFETIME_S)
            return service, igd.read_pinhole(upnp.call(service, asked, at.client, at.router))

        service, number = await asyncio.to_thread(ask)
        gone = igd.delete_pinhole(service, number)
        return _Held(
            "UPnP",
            (at.client, at.port),
            mapping.LIFETIME_S,
            lambda: asyncio.to_thread(upnp.call, service, gone, at.client, at.router),
        )


def _own_address(router: str) -> str | None:
    """By which the router knows us; of IPv6 the global one that we use outside. Nothing is sent."""
    is_v6 = ":" in router
    with socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((_OUTSIDE_6 if is_v6 else router, mapping.SERVER_PORT))
        except OSError:
            return None
        own = str(probe.getsockname()[0])
    return own if not is_v6 or ip_address(own) in _GLOBAL_6 else None


async def _exchange(at: _Place, request: bytes) -> bytes:
    """The router's answer; raises Unavailable(TIMED_OUT). A connected socket hears nobody else."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET6 if ":" in at.router else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.bind((at.client, 0))  # a router opens only to who asks
        sock.connect(router_address(at.router, mapping.SERVER_PORT))
        for _ in range(_TRIES):
            sock.send(request)
            try:
                async with asyncio.timeout(_ANSWER_S):
                    return await loop.sock_recv(sock, 1100)
            except TimeoutError:
                continue
    raise Unavailable(ErrorCode.TIMED_OUT, what="router")
