"""Where a peer might reach us: what the relay and STUN servers see, what our interfaces and the router say."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from wzp_core.engine.signalling import Signalling
from wzp_core.engine.world import World
from wzp_core.errors import WzpError
from wzp_core.logs import event, logger
from wzp_core.nat.allocation import UNKNOWN, Allocation, AllocationKind, allocation_of
from wzp_core.nat.candidates import Candidates, host_candidates
from wzp_core.ports import Address, Endpoint, UdpPort
from wzp_core.protocol.address import address_text, split_address
from wzp_core.protocol.signal.path import Reflect, ReflectResponse
from wzp_core.settings.schema import NetworkSettings

_REFLECT_LIMIT_S = 1.0
_STUN_LIMIT_S = 1.0
_DEFAULT_STUN_PORT = 3478
_STALE_S = 20.0  # how old the last look may be when a call begins; ports of many routers move on
_COUNTED_ON_S = 0.2
_PATIENCE_S = 0.3

log = logger("candidates")


@dataclass(frozen=True, slots=True)
class Outside:
    """How the world sees us; ports oldest first, one for each server asked."""

    address: str | None = None
    ip: str = ""
    ports: tuple[int, ...] = ()
    allocation: Allocation = UNKNOWN


class Gatherer:
    """Looks when we register and when the network changes, so that a call need not wait for it."""

    def __init__(
        self, endpoint: Endpoint, signalling: Signalling, world: World, network: Callable[[], NetworkSettings]
    ) -> None:
        self._endpoint, self._signalling, self._world, self._network = endpoint, signalling, world, network
        self._wanted = asyncio.Event()
        self._done = asyncio.Event()
        self._reflected: asyncio.Future[str] | None = None
        self._looked_at = float("-inf")
        self.outside = Outside()

    def refresh(self) -> None:
        """What is known may be true no more."""
        self._done.clear()
        self._wanted.set()

    def reflected(self, message: ReflectResponse) -> None:
        if self._reflected is not None and not self._reflected.done():
            self._reflected.set_result(message.observed_addr)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if self._network().path != "relay":
                await self._look()
                self._looked_at = asyncio.get_running_loop().time()
            self._done.set()

    async def settled(self) -> Outside:
        """How we are seen, once the look that is under way has ended.

        Where ports are counted, others took many of them while it rang: a new socket shows where the router is now,
        which the old one cannot, because its ports towards the servers stay.
        """
        await self._done.wait()
        age_s = asyncio.get_running_loop().time() - self._looked_at
        if self.outside.allocation.kind is not AllocationKind.SEQUENTIAL or age_s <= _COUNTED_ON_S:
            return self.outside
        with self._endpoint.more_ports(1) as ports:
            counted = [await self._observe(server, port) for port in ports for server in self._network().servers[:2]]
        now = tuple(port for _, port in filter(None, counted))
        return replace(self.outside, ports=now) if now else self.outside

    async def observed(self, port: UdpPort) -> Address | None:
        """How the first server that answers sees a socket, and so where a router that counts is now."""
        for server in self._network().servers:
            if (found := await self._observe(server, port)) is not None:
                return found
        return None

    async def candidates(self) -> Candidates | None:
        """What may be told to a peer now; None where the settings keep our addresses to ourselves."""
        if self._network().path == "relay":
            return None
        if self._done.is_set() and asyncio.get_running_loop().time() - self._looked_at > _STALE_S:
            self.refresh()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._done.wait()
        except TimeoutError:
            pass  # the rest follows with a search later
        hosts: tuple[str, ...] = ()
        if self._world.network is not None:
            ports = {":" in host: port for host, port in self._endpoint.local_addresses}
            hosts = host_candidates(self._world.network.addresses(), port4=ports.get(False, 0), port6=ports.get(True))
        mapping = self._world.port_mapping
        if mapping is None:
            return Candidates(reflexive=self.outside.address, hosts=hosts)
        if (inside := mapping.current_inside()) is not None:  # as private as a host's, and tried where those are
            hosts = (inside, *hosts)
        return Candidates(reflexive=self.outside.address, hosts=hosts, mapped=mapping.current())

    async def _look(self) -> None:
        """The relay first: it is there and answers soon, which public servers may not."""
        seen: list[Address] = []
        if (found := await self._reflect()) is not None:
            seen.append(found)
            if not (self.outside.address or "").startswith(f"{address_text(found).rpartition(':')[0]}:"):
                self.outside = _summary(seen)  # better than nothing, or than what was true elsewhere
        for server in self._network().servers:
            if (found := await self._observe(server)) is not None:
                seen.append(found)
        self.outside = _summary(seen)
        event(log, "candidates:outside", seen=len(seen), allocation=self.outside.allocation.text())

    async def _reflect(self) -> Address | None:
        self._reflected = asyncio.get_running_loop().create_future()
        if not self._signalling.send(Reflect()):
            return None
        try:
            async with asyncio.timeout(_REFLECT_LIMIT_S):
                return split_address(await self._reflected)
        except TimeoutError:
            return None

    async def _observe(self, server: str, port: UdpPort | None = None) -> Address | None:
        place = split_address(server, _DEFAULT_STUN_PORT)
        if place is None or self._world.observe is None:
            return None
        try:
            address = await self._world.resolve(*place)
            return await self._world.observe(self._endpoint, address, _STUN_LIMIT_S, port)
        except WzpError:
            return None


def _summary(seen: list[Address]) -> Outside:
    """The newest address, and the ports of it that were seen before."""
    if not seen:
        return Outside()
    host = seen[-1][0]
    ports = tuple(port for ip, port in seen if ip == host)
    return Outside(address_text(seen[-1]), host, ports, allocation_of(ports))
