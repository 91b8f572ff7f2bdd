"""Routers that give every destination another port: foresee it where they count, else meet by chance (calls.md §7)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from wzp_core.engine.candidates import Outside
from wzp_core.engine.prober import Prober
from wzp_core.logs import event, logger
from wzp_core.nat.allocation import Allocation, AllocationKind, parse_allocation
from wzp_core.nat.birthday import FIRST, SECOND, Stage, guesses
from wzp_core.nat.candidates import Candidates, dial_order
from wzp_core.nat.prediction import predicted_ports, rungs
from wzp_core.ports import Address, Endpoint, UdpPort
from wzp_core.protocol.address import address_text, numeric_address
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.path import HardNatBirthdayStart, HardNatProbe
from wzp_core.session.direct_plan import DirectPlan
from wzp_core.session.state import PathReason

_EASY_S = 0.8  # what needs no guessing has been found by then
_OPENED_LIMIT_S = 2.0  # for the peer's word that its ports are open
_MOST_TOLD = 8  # ports
_MOST_OPEN = 32
_ROUNDS = 2  # of the second stage
_ROUND_GAP_S = 0.5
_LADDERS = 4  # each with fresh numbers: another's connection in between spoils one
_LADDER_REPEATS_S = (0.05, 0.1, 0.2, 0.4)  # for rungs that the peer had not opened yet

log = logger("hard_nat")


@dataclass(frozen=True, slots=True)
class _Router:
    """The peer's, as it says."""

    ip: str
    ports: tuple[int, ...]
    allocation: Allocation


class HardNat:
    """One search's; adds targets and sockets to its prober while the easy ways are being tried."""

    def __init__(
        self,
        plan: DirectPlan,
        look: Callable[[], Awaitable[Outside]],
        observe: Callable[[UdpPort], Awaitable[Address | None]],
        send: Callable[[SignalMessage], object],
        endpoint: Endpoint,
        unix_time: Callable[[], float],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._plan, self._look, self._send, self._endpoint = plan, look, send, endpoint
        self._observe = observe
        self._feet: asyncio.Queue[int] = asyncio.Queue(_LADDERS)  # of the peer's ladders: the port before each
        self._own = Outside()
        self._unix_time, self._entropy = unix_time, entropy
        self._peer: _Router | None = None
        self._open_ports_of_peer: tuple[int, ...] = ()  # those it knows of
        self._told, self._opened = asyncio.Event(), asyncio.Event()
        self._on_hope: Callable[[], None] = lambda: None

    @property
    def reason(self) -> PathReason:
        """Why nothing was found, as far as the routers explain it."""
        kinds = {self._own.allocation.kind, self._peer.allocation.kind if self._peer else AllocationKind.UNKNOWN}
        hard = kinds & {AllocationKind.RANDOM, AllocationKind.SEQUENTIAL}
        if (hard == {AllocationKind.RANDOM} and len(kinds) == 1) or len(hard) == 2:
            return PathReason.NAT_TOO_HARD
        return PathReason.NOT_REACHED

    @property
    def _is_hopeful(self) -> bool:
        """Whether guessing ports may help."""
        return self._peer is not None and (self._peer_is_random != self._own_is_random or self._counts)

    def on_hope(self, call: Callable[[], None]) -> None:
        """Calls it once guessing looks worthwhile, which may be now."""
        self._on_hope = call
        if self._is_hopeful:
            call()

    def _announce(self) -> None:
        """Tells the peer what it should know of our router."""
        if self._own.ports:
            self._tell(self._own.ports[-_MOST_TOLD:])

    def _tell(self, ports: tuple[int, ...]) -> None:
        self._send(
            HardNatProbe(
                call_id=self._plan.call_id,
                port_sequence=ports,
                allocation=self._own.allocation.text(),
                probe_time_ms=int(self._unix_time() * 1000),
                external_ip=self._own.ip,
            )
        )

    def heard(self, message: SignalMessage) -> None:
        match message:
            case HardNatProbe() if len(message.port_sequence) == 1 and self._both_count:
                with suppress(asyncio.QueueFull):
                    self._feet.put_nowait(message.port_sequence[0])
                return
            case HardNatProbe() if _is_host(message.external_ip):
                allocation = parse_allocation(message.allocation)
                self._peer = _Router(message.external_ip, message.port_sequence[-_MOST_TOLD:], allocation)
            case HardNatBirthdayStart():
                self._open_ports_of_peer = message.acceptor_ports[:_MOST_OPEN]
                self._opened.set()
                return
            case _:
                return
        if self._is_hopeful:
            self._on_hope()
        self._told.set()

    async def run(self, prober: Prober) -> None:
        """Until done or cancelled."""
        self._own = await self._look()
        self._announce()
        await self._told.wait()
        if self._is_hopeful:
            self._on_hope()
        peer = self._peer
        if peer is None:
            return
        if self._both_count:
            await asyncio.sleep(_EASY_S)  # and no new connection of ours after that
            await self._climb(prober, peer)
            return
        if peer.allocation.kind is AllocationKind.SEQUENTIAL and peer.ports:
            ports = predicted_ports(peer.ports, peer.allocation.delta)
            event(log, "hard_nat:predicting", delta=peer.allocation.delta, ports=len(ports))
            prober.aim((peer.ip, port) for port in ports)
        await asyncio.sleep(_EASY_S)
        if self._own_is_random and not self._peer_is_random:
            await self._open_ports(prober)
        elif self._peer_is_random and not self._own_is_random:
            with suppress(TimeoutError):
                async with asyncio.timeout(_OPENED_LIMIT_S):
                    await self._opened.wait()
            prober.aim((peer.ip, port) for port in self._open_ports_of_peer)
            for stage in (FIRST, *([SECOND] * _ROUNDS)):
                await self._guess(prober, peer.ip, stage)
                await asyncio.sleep(_ROUND_GAP_S)

    async def _climb(self, prober: Prober, peer: _Router) -> None:
        """Both routers count: each side learns where its own is, and both go up from there, rung by rung."""
        with self._endpoint.more_ports(_LADDERS) as ports:
            for port in ports:
                own = await self._observe(port)
                if own is None:
                    break
                self._tell((own[1],))
                try:
                    async with asyncio.timeout(_OPENED_LIMIT_S):
                        foot = await self._feet.get()
                except TimeoutError:
                    break
                event(log, "hard_nat:climbing", own=own[1], peer=foot)
                for pause_s in _LADDER_REPEATS_S:
                    for rung in rungs(foot, peer.allocation.delta):
                        prober.check((peer.ip, rung), port)
                    await asyncio.sleep(pause_s)
            await asyncio.Event().wait()  # sockets of which a pair may be in use by now

    async def _open_ports(self, prober: Prober) -> None:
        """Each socket opens one unforeseeable port towards the peer's real address, and keeps it open."""
        target = numeric_address(self._plan.peer.reflexive or "")
        if target is None:
            return
        with self._endpoint.more_ports(SECOND.sockets) as ports:
            event(log, "hard_nat:ports_opened", count=len(ports))
            self._send(
                HardNatBirthdayStart(
                    call_id=self._plan.call_id,
                    acceptor_port_count=len(ports),
                    acceptor_ports=(),  # nobody but the router knows
                    external_ip=self._own.ip,
                )
            )
            for _ in range(3):  # a lost packet would leave its port closed
                for port in ports:
                    prober.check(target, port)
                    await asyncio.sleep(SECOND.interval_s)
                await asyncio.sleep(2.0)
            await asyncio.Event().wait()

    async def _guess(self, prober: Prober, ip: str, stage: Stage) -> None:
        event(log, "hard_nat:guessing", guesses=stage.guesses)
        for port in guesses(self._entropy(4 * stage.guesses), stage.guesses):
            prober.check((ip, port))
            await asyncio.sleep(stage.interval_s)

    @property
    def _own_is_random(self) -> bool:
        return self._own.allocation.kind is AllocationKind.RANDOM

    @property
    def _peer_is_random(self) -> bool:
        return self._peer is not None and self._peer.allocation.kind is AllocationKind.RANDOM

    @property
    def _both_count(self) -> bool:
        peer = self._peer.allocation.kind if self._peer is not None else AllocationKind.UNKNOWN
        return self._own.allocation.kind is peer is AllocationKind.SEQUENTIAL

    @property
    def _counts(self) -> bool:
        """Whether one of the routers can be foreseen."""
        kinds = {self._own.allocation.kind, self._peer.allocation.kind if self._peer else AllocationKind.UNKNOWN}
        return AllocationKind.SEQUENTIAL in kinds and AllocationKind.RANDOM not in kinds


def _is_host(ip: str) -> bool:
    """Whether an address may be somebody's at all."""
    return bool(dial_order(Candidates(), Candidates(reflexive=address_text((ip, 1)))))
