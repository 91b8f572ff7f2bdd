"""A worker process: rooms on a port of their own; who may be in them it asks the main process (edge/workers.py)."""

import asyncio
import itertools
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from relay.config import RelayConfig
from relay.decide.admission import Admission, inbound
from relay.decide.bus import (
    Admit,
    Answer,
    Bus,
    Failed,
    Fares,
    Left,
    Ready,
    Reconfigure,
    Start,
    Vacate,
    Visit,
    configured,
)
from relay.decide.placement import Choice
from relay.decide.presence import Hub
from relay.decide.rooms import Rooms
from relay.edge.bus_link import open_bus
from relay.edge.endpoint import ServerEndpoint, ServerLink, counted
from relay.edge.listener import Listener
from relay.edge.outbox import Outbox
from relay.edge.room_plane import RoomPlane
from relay.edge.room_session import RoomService, serve_participant
from relay.edge.token_check import TokenCheck, open_token_check
from relay.observe.counters import Counters
from relay.observe.event_log import EventLog, open_event_log
from relay.observe.log_flood import set_log_level, start_logging
from relay.observe.sessions import Sessions
from relay.observe.worker_reports import stats_of
from wzp_core.crypto.certificate import tls_identity
from wzp_core.crypto.identity import Identity, relay_tls_seed
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.io.quic import open_endpoint
from wzp_core.protocol.ids import RoomName

_LAST_WORDS_S = 2.0
_STATS_S = 1.0
_BEATS_PER_FARES = 5
_MOST_FARES = 2000  # more participants than one process can serve; a bound for the message
_ASK_LIMIT_S = 5.0


class Worker:
    """A running worker; also the door of its rooms."""

    def __init__(
        self,
        bus: Bus,
        config: RelayConfig,
        seed: bytes,
        endpoint: ServerEndpoint,
        tokens: TokenCheck,
        events: EventLog | None,
    ) -> None:
        self._bus = bus
        self._endpoint = endpoint
        self._counters = Counters()
        self._numbers = itertools.count(1)
        self._asked: dict[int, tuple[str, asyncio.Future[Answer]]] = {}
        admission, rooms = Admission(), Rooms()
        outbox = Outbox(Hub(), self._counters)
        self._sessions = Sessions()
        self._plane = RoomPlane(config, admission, rooms, outbox, self._counters, self._sessions, events)
        self._service = RoomService(plane=self._plane, tokens=tokens, identity=Identity.from_seed(seed), door=self)
        self._listener = Listener(endpoint, admission, lambda: self._service.config, self._session, self._counters)
        endpoint.limit_inbound(inbound(config))

    async def _session(self, link: ServerLink) -> None:
        if link.server_name.lower() != "ping":
            await serve_participant(link, self._service)

    @asynccontextmanager
    async def enter(self, visit: Visit) -> AsyncIterator[Choice]:
        """See `room_session.Door`."""
        number = next(self._numbers)
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[number] = visit.room, answered
        self._bus.send(Admit(number=number, visit=visit))
        try:
            answer = await _within(answered)
            if self._asked.pop(number, None) is None:
                raise Unavailable(ErrorCode.TIMED_OUT, what="room moved meanwhile")
            if answer.refusal is not None:
                raise Unavailable(answer.refusal)
            yield Choice(port=answer.port, stream_id=answer.stream_id)
        finally:
            self._asked.pop(number, None)
            self._bus.send(Left(number=number))

    def seated(self, visit: Visit, place: Choice) -> None:
        """See `room_session.Door`; the main process knows already."""

    async def run(self) -> None:
        """Until the main process has gone, or says that it is over."""
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(self._listener.run(), name="listener"),
                tasks.create_task(self._plane.keep_time(), name="debug tap"),
                tasks.create_task(self._keep_telling(), name="statistics"),
            ]
            try:
                while True:
                    self._hear(await self._bus.receive())
            except Unavailable:
                self._endpoint.accept_strangers(False)
                await self._endpoint.all_heard(_LAST_WORDS_S)
            finally:
                for task in running:
                    task.cancel()
                self._plane.close()

    def _hear(self, message: object) -> None:
        match message:
            case Answer(number=number):
                _, answered = self._asked.get(number, ("", None))
                if answered is not None and not answered.done():
                    answered.set_result(message)
            case Vacate(room=room):
                self._plane.vacate(RoomName(room))
                for number, (asked, answered) in list(self._asked.items()):
                    if asked == room and answered.done():  # granted before, and not seated yet
                        del self._asked[number]
            case Reconfigure(settings=settings):
                config = configured(settings, self._plane.config.listen)
                set_log_level(config.log_level)
                self._endpoint.limit_inbound(inbound(config))
                self._service.tokens.ask(config.auth_url)
                self._plane.reconfigure(config)

    async def _keep_telling(self) -> None:
        for beat in itertools.count():
            totals = counted(self._counters, self._endpoint)
            self._bus.send(stats_of(totals, self._sessions, cpu_s=time.process_time()))
            if self._plane.config.http_port and beat % _BEATS_PER_FARES == 0:
                self._bus.send(Fares(sessions=tuple(itertools.islice(self._sessions, _MOST_FARES))))
            await asyncio.sleep(_STATS_S)


async def _within(answered: "asyncio.Future[Answer]") -> Answer:
    try:
        async with asyncio.timeout(_ASK_LIMIT_S):
            return await answered
    except TimeoutError:
        raise Unavailable(ErrorCode.TIMED_OUT, what="main process") from None


async def serve(end: socket.socket) -> None:
    """Until the main process, at the other end, has gone."""
    async with open_bus(end) as bus:
        try:
            start = await bus.receive()
            if not isinstance(start, Start):
                raise RemoteViolation(ErrorCode.UNEXPECTED_INPUT, got=type(start).__name__)
            config = configured(start.settings, (start.host, start.port))
            set_log_level(config.log_level)
            tls = tls_identity(relay_tls_seed(start.seed))
            async with (
                open_endpoint(config.listen, tls, both_families=start.host == "::") as endpoint,
                open_token_check(config.auth_url) as tokens,
                open_event_log(config.event_log) as events,
            ):
                worker = Worker(bus, config, start.seed, endpoint, tokens, events)
                bus.send(Ready(port=endpoint.local_address[1]))
                await worker.run()
        except Unavailable as error:
            bus.send(Failed(cause=str(error.facts.get("cause", error))))


def main() -> None:
    """The bus is the file descriptor that the first argument names."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # the main process decides on these
        signal.signal(number, signal.SIG_IGN)
    start_logging(f"%(asctime)s %(levelname)s worker {os.getpid()} %(message)s", "warning")
    asyncio.run(serve(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()
