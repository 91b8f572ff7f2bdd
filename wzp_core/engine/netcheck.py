"""Gathers one network report: what servers, relays and the router say of us, side by side and in bounded time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from wzp_core.engine.board import Board
from wzp_core.engine.relay_probe import probe_relay
from wzp_core.engine.scope import TaskScope, task_scope
from wzp_core.engine.world import World
from wzp_core.errors import WzpError
from wzp_core.logs import event, logger
from wzp_core.nat.allocation import allocation_by_all
from wzp_core.nat.classify import is_outside, nat_type_of
from wzp_core.nat.report import NatProbe, NetcheckReport, RelayLatency
from wzp_core.nat.stun import TRANSACTION_BYTES, binding_request
from wzp_core.ports import Address, Endpoint, UdpPort
from wzp_core.protocol.address import address_text, numeric_address, split_address
from wzp_core.session.state import AppState, NetcheckStep, NetcheckView

_RESOLVE_LIMIT_S = 2.0
_STUN_LIMIT_S = 3.0
_RELAY_LIMIT_S = 5.0
_HAIRPIN_LIMIT_S = 0.5
_MAPPING_LIMIT_S = 3.0
_MAPPING_LOOK_S = 0.1
_DEFAULT_STUN_PORT = 3478

log = logger("netcheck")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whom a check may ask; relays by name and `host:port`."""

    relays: tuple[tuple[str, str], ...] = ()
    stun_servers: tuple[str, ...] = ()
    port_mapping: bool = False


def asked_by(state: AppState) -> Asked:
    """The relay in use, those the user added, and what the settings allow."""
    relays = {entry.address: entry.name for entry in state.settings.relay.relays}
    if state.relay.address:
        relays.setdefault(state.relay.address, state.relay.name or state.relay.address)
    network = state.settings.network
    return Asked(
        relays=tuple((name, address) for address, name in relays.items()),
        stun_servers=network.servers,
        port_mapping=network.port_mapping,
    )


class Netcheck:
    """Runs checks one at a time and shows their progress."""

    def __init__(self, endpoint: Endpoint, world: World, board: Board) -> None:
        self._endpoint, self._world, self._board = endpoint, world, board

    def start(self, tasks: TaskScope) -> None:
        if not self._board.state.netcheck.running:
            self._board.set(netcheck=NetcheckView(running=True))
            tasks.create_task(self._run(), name="network check")

    async def _run(self) -> None:
        def done(step: NetcheckStep) -> None:
            view = self._board.state.netcheck
            self._board.set(netcheck=replace(view, done=(*view.done, step)))

        report = await netcheck(self._endpoint, self._world, asked_by(self._board.state), done)
        self._board.set(netcheck=NetcheckView(done=tuple(NetcheckStep), report=report))


async def netcheck(
    endpoint: Endpoint, world: World, asked: Asked, done: Callable[[NetcheckStep], None]
) -> NetcheckReport:
    """Within ten seconds, whatever does not answer."""
    began = asyncio.get_running_loop().time()
    servers = await _resolved(world, asked.stun_servers)
    async with task_scope() as tasks:
        # Servers are asked in one turn and before the relays, so that a router gives out their ports in this order.
        stun = [tasks.create_task(_stun(endpoint, world, *server), name="STUN probe") for server in servers]
        await asyncio.sleep(0)
        relays = [tasks.create_task(_relay(endpoint, world, *relay), name="relay probe") for relay in asked.relays]
        mapping = tasks.create_task(_mapping(endpoint, world, wanted=asked.port_mapping), name="port mapping")
        gateway = tasks.create_task(world.gateway(), name="gateway") if world.gateway is not None else None
        probes = tuple([await probe for probe in stun])
        done(NetcheckStep.STUN)
        seen = tuple(found for probe in probes if (found := numeric_address(probe.observed_addr or "")) is not None)
        nearest = tuple([await relay for relay in relays])
        done(NetcheckStep.RELAYS)
        by_relays = tuple(
            found for probe in nearest if (found := numeric_address(probe.observed_addr or "")) is not None
        )
        kind, agreed = nat_type_of((*seen, *by_relays))
        hairpin = await _hairpin(endpoint, world, agreed) if agreed is not None else None
        done(NetcheckStep.HAIRPIN)
        protocol, mapped, inside, pinhole = await mapping
        done(NetcheckStep.MAPPING)
        router = await gateway if gateway is not None else None
    report = NetcheckReport(
        nat_type=kind,
        reflexive_addr=address_text(agreed) if agreed is not None else None,
        ipv4_reachable=any(":" not in host for host, _ in seen),
        ipv6_reachable=_has_ipv6(endpoint, world),
        hairpin_works=hairpin,
        port_mapping=protocol,
        mapped_addr=mapped,
        inside_addr=inside,
        ipv6_pinhole=pinhole,
        relay_latencies=tuple(
            sorted(map(_latency, nearest), key=lambda relay: (relay.rtt_ms is None, relay.rtt_ms or 0))
        ),
        gateway=router,
        duration_ms=_ms_since(began),
        stun_probes=probes,
        port_allocation=allocation_by_all(*(tuple(port for _, port in each) for each in (seen, by_relays))),
    )
    event(log, "netcheck:done", nat=kind.value, allocation=report.port_allocation.text(), ms=report.duration_ms)
    return report


async def _resolved(world: World, servers: tuple[str, ...]) -> list[tuple[str, Address | None]]:
    async def of(server: str) -> Address | None:
        place = split_address(server, _DEFAULT_STUN_PORT)
        try:
            async with asyncio.timeout(_RESOLVE_LIMIT_S):
                return await world.resolve(*place) if place is not None else None
        except (WzpError, TimeoutError):
            return None

    async with task_scope() as tasks:
        found = [(server, tasks.create_task(of(server), name="resolve")) for server in servers]
        return [(server, await address) for server, address in found]


async def _stun(endpoint: Endpoint, world: World, server: str, address: Address | None) -> NatProbe:
    probe = NatProbe(relay_name=f"stun:{server}", relay_addr=address_text(address) if address else server)
    if address is None or world.observe is None:
        return replace(probe, error="no such server")
    began = asyncio.get_running_loop().time()
    try:
        seen = await world.observe(endpoint, address, _STUN_LIMIT_S, None)
    except WzpError:
        return replace(probe, error="no answer")
    return replace(probe, observed_addr=address_text(seen), latency_ms=_ms_since(began))


async def _relay(endpoint: Endpoint, world: World, name: str, where: str) -> NatProbe:
    probe = NatProbe(relay_name=name, relay_addr=where)
    place = split_address(where)
    if place is None:
        return replace(probe, error="no such address")
    began = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(_RELAY_LIMIT_S):
            seen = await probe_relay(endpoint, await world.resolve(*place), timeout_s=_RELAY_LIMIT_S)
    except (WzpError, TimeoutError):
        return replace(probe, error="no answer")
    return replace(probe, observed_addr=seen, latency_ms=_ms_since(began))


def _latency(probe: NatProbe) -> RelayLatency:
    return RelayLatency(name=probe.relay_name, addr=probe.relay_addr, rtt_ms=probe.latency_ms, error=probe.error)


async def _mapping(
    endpoint: Endpoint, world: World, *, wanted: bool
) -> tuple[str | None, str | None, str | None, str | None]:
    """Protocol, address, the one behind another router, and the IPv6 pinhole's protocol; waits for the router."""
    router = world.port_mapping
    if router is None or not wanted:
        return None, None, None, None
    deadline = asyncio.get_running_loop().time() + _MAPPING_LIMIT_S
    has_ipv6 = _has_ipv6(endpoint, world)

    def knows_all() -> bool:
        has_port = router.current() is not None or router.current_inside() is not None
        return has_port and (router.pinhole is not None or not has_ipv6)

    while not knows_all() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(_MAPPING_LOOK_S)
    return router.protocol, router.current(), router.current_inside(), router.pinhole


async def _hairpin(endpoint: Endpoint, world: World, outside: Address) -> bool | None:
    """Whether the router sends back inside what one inside host sends to our outside address."""
    if world.network is not None and outside[0] in world.network.addresses():
        return None  # there is no router in between
    transaction = world.entropy(TRANSACTION_BYTES)
    arrived = asyncio.Event()

    def received(data: bytes, _address: Address, _port: UdpPort) -> bool:
        if data[8:20] != transaction:
            return False
        arrived.set()
        return True

    forget = endpoint.on_raw(received)
    try:
        with endpoint.more_ports(1) as ports:
            if not ports or ":" in outside[0]:
                return None
            ports[0].send_raw(binding_request(transaction), outside)
            async with asyncio.timeout(_HAIRPIN_LIMIT_S):
                await arrived.wait()
        return True
    except TimeoutError:
        return False
    finally:
        forget()


def _has_ipv6(endpoint: Endpoint, world: World) -> bool:
    """A socket and an address with which the internet could be reached."""
    socket = any(":" in host for host, _ in endpoint.local_addresses)
    return (
        socket and world.network is not None and any(":" in ip and is_outside(ip) for ip in world.network.addresses())
    )


def _ms_since(began: float) -> int:
    return round((asyncio.get_running_loop().time() - began) * 1000)
