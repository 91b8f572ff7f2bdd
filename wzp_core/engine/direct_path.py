"""Keeps looking for a direct path while a call lasts, moves its media there and back (decisions.md 4)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from wzp_core.engine.direct import DirectDoor, DirectSearch
from wzp_core.engine.hard_nat import HardNat
from wzp_core.engine.liveness import is_lost
from wzp_core.engine.paths import Paths
from wzp_core.engine.scope import TaskScope, task_scope
from wzp_core.errors import Unavailable
from wzp_core.logs import event, logger
from wzp_core.nat.candidates import Candidates
from wzp_core.ports import Link
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.call import Hangup
from wzp_core.protocol.signal.path import CandidateUpdate, HardNatBirthdayStart, HardNatProbe, MediaPathReport
from wzp_core.session.direct_plan import DirectPlan
from wzp_core.session.path import (
    Allowed,
    CandidatesChanged,
    DirectLost,
    DropDirect,
    Move,
    PathChoice,
    PathEffect,
    PathInput,
    PathTimer,
    Proven,
    Report,
    Search,
    SearchFailed,
    StopSearch,
    WarnPeer,
)
from wzp_core.session.state import PathReason

_CHECK_S = 0.1
_SILENT_S = 0.6  # media flows every 20 ms, so that this is no jitter

log = logger("path")

PathSignal = MediaPathReport | CandidateUpdate | HardNatProbe | HardNatBirthdayStart


@dataclass(frozen=True, slots=True, kw_only=True)
class PathContext:
    """What a call lends to its direct path."""

    door: DirectDoor
    paths: Paths
    candidates: Callable[[], Awaitable[Candidates | None]]
    new_hard_nat: Callable[[DirectPlan], HardNat]
    send: Callable[[SignalMessage], object]
    on_moved: Callable[[bool], None]  # direct
    on_goodbye: Callable[[Hangup], None]  # said on the direct link: the relay may be gone


class DirectPath:
    """One call's."""

    def __init__(self, plan: DirectPlan, context: PathContext) -> None:
        self._plan, self._context = plan, context
        self._machine = PathChoice(plan.call_id)
        self._inbox: asyncio.Queue[PathInput] = asyncio.Queue()
        self._generation = self._peer_generation = 0
        self._search: DirectSearch | None = None
        self._running: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._link: Link | None = None
        self._hints: list[SignalMessage] = []  # of the peer's router, for searches to come
        self._began = asyncio.get_running_loop().time()
        self._probes = 0
        self._is_allowed = True
        self.time_to_direct_ms: float | None = None

    @property
    def is_direct(self) -> bool:
        return self._machine.is_direct

    @property
    def reason(self) -> PathReason | None:
        """Why the path is not direct."""
        return self._machine.reason

    @property
    def probes_sent(self) -> int:
        return self._probes + (self._search.probes_sent if self._search is not None else 0)

    def say(self, goodbye: Hangup) -> None:
        """Also where the relay cannot pass it on."""
        if self._link is not None:
            with suppress(Unavailable):
                self._link.send_signal(goodbye)

    def changed(self) -> None:
        """Our network did."""
        self._context.paths.doubt(asyncio.get_running_loop().time())
        self._inbox.put_nowait(CandidatesChanged(ours=True))

    def allow(self, direct: bool) -> None:
        """The user's setting, as often as somebody looks at it."""
        if direct != self._is_allowed:
            self._is_allowed = direct
            self._inbox.put_nowait(Allowed(direct))

    def signal(self, message: PathSignal) -> None:
        match message:
            case MediaPathReport():
                self._inbox.put_nowait(message)
            case CandidateUpdate() if message.generation > self._peer_generation:
                self._peer_generation = message.generation
                peer = Candidates(
                    reflexive=message.reflexive_addr, hosts=message.local_addrs, mapped=message.mapped_addr
                )
                self._plan = replace(self._plan, peer=peer)
                self._hints.clear()
                self._context.paths.doubt(asyncio.get_running_loop().time())
                self._inbox.put_nowait(CandidatesChanged(ours=False))
            case HardNatProbe() | HardNatBirthdayStart():
                if not isinstance(message, HardNatProbe) or len(message.port_sequence) > 1:  # one: true only now
                    self._hints = [*self._hints[-3:], message]
                if self._search is not None:
                    self._search.heard(message)

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            async with task_scope() as tasks:
                await self._perform([Search(announce=False)], tasks)
                while True:
                    try:
                        async with asyncio.timeout_at(self._machine.deadline):
                            happened = await self._inbox.get()
                    except TimeoutError:
                        happened = PathTimer()
                    if isinstance(happened, Proven) and self._link is None:
                        continue  # it broke, or a new search began, before its turn came
                    await self._perform(self._machine.handle(happened, loop.time()), tasks)
        finally:
            self._drop()

    async def _perform(self, effects: list[PathEffect], tasks: TaskScope) -> None:
        for effect in effects:
            match effect:
                case Report(message=message):
                    self._context.send(message)
                case Move(direct=direct):
                    self._move(direct)
                case WarnPeer():
                    self._tell(self._plan.own)
                case StopSearch():
                    self._stop()
                case DropDirect():
                    self._drop()
                case Search(announce=announce):
                    await self._search_again(announce, tasks)

    def _move(self, direct: bool) -> None:
        now = asyncio.get_running_loop().time()
        self._context.paths.choose(direct=direct, now=now)
        if direct and self.time_to_direct_ms is None:
            self.time_to_direct_ms = (now - self._began) * 1000
        event(log, "path:moved", call_id=self._plan.call_id, direct=direct, reason=self._machine.reason)
        self._context.on_moved(direct)

    def _drop(self) -> None:
        self._context.paths.use_direct(None)
        if self._watching is not None:
            self._watching.cancel()
        if self._link is not None:
            self._link.close("not-selected")
            self._link = None

    def _stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            self._running = None

    async def _search_again(self, announce: bool, tasks: TaskScope) -> None:
        self._stop()
        self._drop()
        if announce and not await self._announce():
            return  # the settings forbid it now, as we are about to be told
        hard_nat = self._context.new_hard_nat(self._plan)
        self._search = DirectSearch(self._plan, self._context.door, hard_nat)
        for hint in self._hints:
            self._search.heard(hint)
        self._running = tasks.create_task(self._run(self._search, hard_nat, tasks), name="direct search")

    async def _announce(self) -> bool:
        own = await self._context.candidates()
        if own is None:
            return False
        self._plan = replace(self._plan, own=own)
        self._tell(own)
        return True

    def _tell(self, own: Candidates) -> None:
        self._generation += 1
        self._context.send(
            CandidateUpdate(
                call_id=self._plan.call_id,
                reflexive_addr=own.reflexive,
                local_addrs=own.hosts,
                mapped_addr=own.mapped,
                generation=self._generation,
            )
        )

    async def _run(self, search: DirectSearch, hard_nat: HardNat, tasks: TaskScope) -> None:
        try:
            link = await search.run()
        except Unavailable as error:
            event(log, "path:not_direct", call_id=self._plan.call_id, error=error)
            self._inbox.put_nowait(SearchFailed(hard_nat.reason))
            return
        finally:
            self._probes += search.probes_sent
            if self._search is search:
                self._search = None
        self._link = link
        self._context.paths.use_direct(link)
        self._watching = tasks.create_task(self._watch(link), name="direct link")
        self._inbox.put_nowait(Proven())

    async def _watch(self, link: Link) -> None:
        """Until it is lost. Besides media only goodbyes are said on it."""
        try:
            while True:
                try:
                    async with asyncio.timeout(_CHECK_S):
                        message = await link.receive_signal()
                    if isinstance(message, Hangup):
                        self._context.on_goodbye(message)
                except TimeoutError:
                    if is_lost(link, _SILENT_S):
                        event(log, "path:silent", call_id=self._plan.call_id)
                        break
        except Unavailable as ended:
            event(log, "path:ended", call_id=self._plan.call_id, error=ended)
        if self._link is link:
            self._inbox.put_nowait(DirectLost())
