"""One search for a direct path: find a pair of addresses that works, dial on it, prove who we are."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from wzp_core.engine.hard_nat import HardNat
from wzp_core.engine.inbound import Inbound
from wzp_core.engine.path_proof import prove
from wzp_core.engine.prober import Pair, Prober
from wzp_core.engine.scope import TaskScope, task_scope
from wzp_core.errors import ErrorCode, Unavailable, WzpError
from wzp_core.logs import event, logger
from wzp_core.nat.candidates import dial_order
from wzp_core.nat.probe import probe_key
from wzp_core.nat.race import Role, direct_sni
from wzp_core.ports import Address, Endpoint, Link
from wzp_core.protocol.ids import TlsFingerprint
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.session.direct_plan import DirectPlan

_EASY_LIMIT_S = 4.0  # calls.md §6.3
_HARD_LIMIT_S = 14.0  # where ports have to be guessed; the call is up over the relay meanwhile
_DIAL_LIMIT_S = 2.0
_OLD_DIAL_LIMIT_S = 4.0
_MOST_PAIRS = 8
_TICKLE = b"\0"

log = logger("direct")


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectDoor:
    """What a search borrows from the engine."""

    endpoint: Endpoint
    inbound: Inbound
    entropy: Callable[[int], bytes]


class DirectSearch:
    """`run` once."""

    def __init__(self, plan: DirectPlan, door: DirectDoor, hard_nat: HardNat) -> None:
        self._plan, self._door, self._hard_nat = plan, door, hard_nat
        self._pairs: asyncio.Queue[Pair] = asyncio.Queue(_MOST_PAIRS)
        self._known: set[Address] = set()
        self._prober = (
            Prober(
                door.endpoint,
                probe_key(plan.root),
                from_caller=plan.is_caller,
                entropy=door.entropy,
                on_pair=self._works,
            )
            if plan.root is not None
            else None
        )

    @property
    def probes_sent(self) -> int:
        return self._prober.sent if self._prober is not None else 0

    def heard(self, message: SignalMessage) -> None:
        """What the peer says of its router meanwhile."""
        self._hard_nat.heard(message)

    async def run(self) -> Link:
        """A link whose other end is the peer; raises Unavailable(UNREACHABLE)."""
        async with task_scope() as tasks:
            try:
                return await (self._by_probes(tasks, self._prober) if self._prober else self._as_older_builds(tasks))
            except TimeoutError:
                raise Unavailable(ErrorCode.UNREACHABLE, what="peer", probes=self.probes_sent) from None

    async def _by_probes(self, tasks: TaskScope, prober: Prober) -> Link:
        """Raises TimeoutError."""
        loop = asyncio.get_running_loop()
        winner: asyncio.Future[Link] = loop.create_future()
        hard_limit = loop.time() + _HARD_LIMIT_S
        tasks.create_task(prober.run(), name="probes")
        tasks.create_task(self._hard_nat.run(prober), name="hard NAT")
        prober.aim(dial_order(self._plan.own, self._plan.peer))
        find = self._dialled if self._plan.role is Role.DIALER else self._accepted
        tasks.create_task(find(winner), name="direct link")
        async with asyncio.timeout(_EASY_LIMIT_S) as limit:
            self._hard_nat.on_hope(lambda: None if limit.expired() else limit.reschedule(hard_limit))
            try:
                return await winner
            finally:
                self._hard_nat.on_hope(lambda: None)  # the peer may tell of its router at any time

    def _works(self, pair: Pair) -> None:
        if pair.address not in self._known and not self._pairs.full():
            self._known.add(pair.address)
            self._door.endpoint.vouch(pair.address)
            event(log, "direct:pair_works", level=logging.DEBUG, address=pair.address)
            self._pairs.put_nowait(pair)

    async def _dialled(self, winner: "asyncio.Future[Link]") -> None:
        """One attempt at a time, on pairs that are known to work."""
        while True:
            pair = await self._pairs.get()
            try:
                link = await self._door.endpoint.dial(
                    pair.address, direct_sni(self._plan.call_id), timeout_s=_DIAL_LIMIT_S, via=pair.port
                )
                await self._proven(link, link.peer_certificate)
            except WzpError as error:
                event(log, "direct:dial_failed", address=pair.address, error=error)
                self._known.discard(pair.address)
                continue
            _hand_over(link, winner)
            return

    async def _accepted(self, winner: "asyncio.Future[Link]") -> None:
        async with self._door.inbound.expecting(direct_sni(self._plan.call_id)) as links, task_scope() as tasks:
            while True:
                tasks.create_task(self._judge(await links.get(), winner), name="inbound link")

    async def _judge(self, link: Link, winner: "asyncio.Future[Link]") -> None:
        """Strangers that know the name cannot hold up the peer: each proves itself in its own time."""
        try:
            await self._proven(link, self._door.endpoint.own_certificate)
        except WzpError as error:
            event(log, "direct:stranger", level=logging.WARNING, address=link.remote_address, error=error)
            return
        _hand_over(link, winner)

    async def _proven(self, link: Link, certificate: TlsFingerprint | None) -> None:
        """Raises WzpError."""
        plan = self._plan
        if plan.root is None or certificate is None:
            raise Unavailable(ErrorCode.UNREACHABLE)
        await prove(link, plan.role, call_id=plan.call_id, root=plan.root, certificate=certificate)

    # --- peers of older builds: no proofs, so nothing but their named addresses is believed (calls.md §6.3) -------

    async def _as_older_builds(self, tasks: TaskScope) -> Link:
        order = dial_order(self._plan.own, self._plan.peer)
        if self._plan.role is Role.ACCEPTOR:
            return await self._accept_named(order)
        winner: asyncio.Future[Link] = asyncio.get_running_loop().create_future()
        for address in order:
            tasks.create_task(self._dial_named(address, winner), name="direct dial")
        async with asyncio.timeout(_OLD_DIAL_LIMIT_S):
            return await winner

    async def _dial_named(self, address: Address, winner: "asyncio.Future[Link]") -> None:
        try:
            name = direct_sni(self._plan.call_id)
            link = await self._door.endpoint.dial(address, name, timeout_s=_OLD_DIAL_LIMIT_S)
        except WzpError:
            return
        _hand_over(link, winner)

    async def _accept_named(self, order: tuple[Address, ...]) -> Link:
        hosts = {host for host, _ in order}
        for address in order:
            self._door.endpoint.send_raw(_TICKLE, address)
        async with (
            asyncio.timeout(_OLD_DIAL_LIMIT_S),
            self._door.inbound.expecting(direct_sni(self._plan.call_id)) as links,
        ):
            while True:
                link = await links.get()
                if link.remote_address[0] in hosts:
                    return link
                link.close("stale")


def _hand_over(link: Link, winner: "asyncio.Future[Link]") -> None:
    if winner.done():
        link.close("not-selected")
    else:
        winner.set_result(link)
