"""The worker processes, as the main one sees them: kept running, and answered."""

import asyncio
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

from relay.config import RelayConfig
from relay.decide.bus import (
    Admit,
    Bus,
    Failed,
    Fares,
    Left,
    Message,
    Ready,
    Reconfigure,
    Start,
    Stats,
    Vacate,
    Visit,
    settings_text,
)
from relay.decide.doorkeeper import Doorkeeper
from relay.decide.placement import MAIN, Choice
from relay.edge.bus_link import open_bus
from relay.observe.counters import Counters
from relay.observe.worker_reports import WorkerReports
from wzp_core.errors import ErrorCode, Unavailable, WzpError
from wzp_core.logs import event, logger
from wzp_core.protocol.ids import RoomName

log = logger("relay")

_ROOT = str(Path(__file__).parents[2])  # a worker has the very code of this process
_START_S = 20.0
_SILENT_S = 5.0  # it says something each second
_END_S = 4.0
_RETRY_S, _LONGEST_RETRY_S = 0.25, 30.0
_STEADY_S = 60.0


class Workers:
    """All workers of one relay, if it has any; also the door of the main process."""

    def __init__(
        self,
        config: RelayConfig,
        seed: bytes,
        keeper: Doorkeeper,
        vacate_here: Callable[[RoomName], None],
        counters: Counters,
    ) -> None:
        self._config = config
        self._seed = seed
        self._keeper = keeper
        self._vacate_here = vacate_here
        self._counters = counters
        self.told = WorkerReports()
        self._links: dict[int, Bus] = {}
        self._is_stopping = False
        self._keepers: list[asyncio.Task[None]] = []
        self._loop = asyncio.get_running_loop()

    @property
    def rooms(self) -> int:
        return len(self._keeper.placement)

    @property
    def alive(self) -> int:
        return len(self._links)

    def reconfigure(self, config: RelayConfig) -> None:
        self._config = config
        self._keeper.reconfigure(config)
        for link in self._links.values():
            link.send(Reconfigure(settings=settings_text(config)))

    def stop(self) -> None:
        """Lets all end, each when its clients have heard the last."""
        if not self._is_stopping:  # to be cancelled twice is not to wait for that
            self._is_stopping = True
            for keeper in self._keepers:
                keeper.cancel()

    @asynccontextmanager
    async def enter(self, visit: Visit) -> AsyncIterator[Choice]:
        """See `room_session.Door`."""
        yield self._keeper.arrived(visit, self._loop.time())

    def seated(self, visit: Visit, place: Choice) -> None:
        """See `room_session.Door`."""
        self._keeper.seated(RoomName(visit.room), place)
        self._vacate(place, RoomName(visit.room))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """All of them are ready at the block's begin, and have ended with it. Raises Unavailable(NO_PORT)."""
        ready = [self._loop.create_future() for _ in range(self._config.workers)]
        self._keepers = [
            asyncio.create_task(self._keep(number, future), name=f"worker {number}")
            for number, future in enumerate(ready, 1)
        ]
        try:
            for keeper, future in zip(self._keepers, ready, strict=True):
                await asyncio.wait((keeper, future), return_when=asyncio.FIRST_COMPLETED)
                if (failure := future.result() if future.done() else keeper.exception()) is not None:
                    raise failure
            yield
        finally:
            self.stop()
            await asyncio.gather(*self._keepers, return_exceptions=True)

    async def run(self) -> None:
        """Until all have ended; a slip in keeping one fails it. To cancel this ends none."""
        await asyncio.shield(asyncio.gather(*self._keepers))

    async def _keep(self, number: int, ready: "asyncio.Future[Unavailable | None]") -> None:
        """Starts it again when it has ended, ever more rarely where it does so soon."""
        host, port = self._config.listen
        port, failures = port and port + number, 0
        while not self._is_stopping:
            began = self._loop.time()
            try:
                async with _process() as (link, pid):
                    config = replace(self._config, event_log=_event_log(self._config, number))
                    link.send(Start(seed=self._seed, host=host, port=port, settings=settings_text(config)))
                    async with asyncio.timeout(_START_S):
                        port = _port(await link.receive(), host, port)
                    self._links[number] = link
                    self._keeper.placement.up(number, self._announced(number, port))
                    event(log, "relay:worker_ready", number=number, port=port, pid=pid)
                    if not ready.done():
                        ready.set_result(None)
                    await self._listen(number, link)
            except (WzpError, TimeoutError, OSError) as error:
                if not ready.done():
                    ready.set_result(_no_port(host, port, error))
                    return
                if not self._is_stopping:
                    self._counters.worker_restarts += 1
                    event(log, "relay:worker_lost", level=logging.ERROR, number=number, error=str(error) or "silent")
            failures = 0 if self._loop.time() - began > _STEADY_S else failures + 1
            if not self._is_stopping:
                await asyncio.sleep(min(_LONGEST_RETRY_S, _RETRY_S * 2**failures))

    async def _listen(self, number: int, link: Bus) -> None:
        """Raises where it is gone, says nothing any more, or nonsense."""
        try:
            while True:
                async with asyncio.timeout(_SILENT_S):
                    message = await link.receive()
                self._heard(number, link, message)
        finally:  # at once, not only when the process has been seen to end
            del self._links[number]
            self._keeper.down(number)
            self.told.ended(number)

    def _heard(self, number: int, link: Bus, message: Message) -> None:
        match message:
            case Admit():
                answer, choice = self._keeper.admit(number, message, self._loop.time())
                link.send(answer)
                self._vacate(choice, RoomName(message.visit.room))
            case Left(number=place):
                self._keeper.left(number, place)
            case Stats() | Fares():
                self.told.hear(number, message)
                for room in self._keeper.placement.misplaced(number):
                    link.send(Vacate(room=room))

    def _vacate(self, choice: Choice, room: RoomName) -> None:
        if choice.vacate == MAIN:
            self._vacate_here(room)
        elif choice.vacate is not None and (link := self._links.get(choice.vacate)) is not None:
            link.send(Vacate(room=room))

    def _announced(self, number: int, port: int) -> int:
        """Behind address translation, the ports after the one that clients are told are forwarded as well."""
        _, _, advertised = self._config.advertised_addr.rpartition(":")
        return int(advertised) + number if advertised else port


def _event_log(config: RelayConfig, number: int) -> str:
    """Each process has a file of its own: a room is in one process, so its events are in one file."""
    return config.event_log and f"{config.event_log}.worker-{number}"


def _port(message: Message, host: str, port: int) -> int:
    if isinstance(message, Ready):
        return message.port
    cause = message.cause if isinstance(message, Failed) else "it said something else"
    raise Unavailable(ErrorCode.NO_PORT, transport="UDP", host=host, port=port, cause=cause)


def _no_port(host: str, port: int, error: Exception) -> Unavailable:
    if isinstance(error, Unavailable) and error.code is ErrorCode.NO_PORT:
        return error
    return Unavailable(ErrorCode.NO_PORT, transport="UDP", host=host, port=port, cause=f"the worker failed: {error!r}")


@asynccontextmanager
async def _process() -> AsyncIterator[tuple[Bus, int]]:
    """A worker, which ends when the link does, of itself or by force; and its number with the system."""
    ours, theirs = socket.socketpair()
    with theirs:
        async with open_bus(ours) as link:
            end = theirs.fileno()
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "relay.worker", str(end)),
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (_ROOT, os.environ.get("PYTHONPATH"))))},
                pass_fds=(end,),
                stdin=asyncio.subprocess.DEVNULL,
            )
            theirs.close()
            try:
                yield link, process.pid
            finally:
                link.close()
                await _ended(process)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Leaves no process behind, not even one that is waited for no more."""
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_S):
                await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
