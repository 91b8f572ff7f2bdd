"""Every accepted link goes to the session that its server name asks for (transport.md §3)."""

import asyncio

from relay.decide.admission import Buckets, Rate, Seats
from relay.edge.endpoint import ServerEndpoint, ServerLink
from relay.edge.farewell import closed_within
from relay.edge.room_session import RoomService, serve_participant
from relay.edge.signal_session import SignalService, serve_signals
from relay.observe.counters import Counters
from wzp_core.errors import ErrorCode, WzpError
from wzp_core.logs import event, logger

log = logger("relay")

_BUILD_READ_S = 1.0
_BURST_S = 5.0  # seconds' worth of connections at once
_UNDECIDED_LINKS = 256  # beside those that clients and participants may hold


class Listener:
    """Serves each link in a task of its own: a slow client holds up nobody else."""

    def __init__(
        self, endpoint: ServerEndpoint, signals: SignalService, rooms: RoomService, counters: Counters
    ) -> None:
        config = signals.config
        self._endpoint = endpoint
        self._signals = signals
        self._rooms = rooms
        self._counters = counters
        rate = config.connections_per_second
        self._connections: Buckets[str] = Buckets(Rate(rate, rate * _BURST_S))
        self._links = Seats(config.max_clients + config.max_sessions + _UNDECIDED_LINKS)

    async def run(self) -> None:
        """Until cancelled; then every session has ended."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                link = await self._endpoint.accept()
                if self._admits(link):
                    self._counters.links_accepted += 1
                    tasks.create_task(self._serve(link), name=f"link {link.server_name}")
                else:
                    self._counters.links_refused += 1
                    link.close("too many connections")

    def _admits(self, link: ServerLink) -> bool:
        now = asyncio.get_running_loop().time()
        return self._connections.take(link.remote_address[0], now) and self._links.take()

    async def _serve(self, link: ServerLink) -> None:
        reason = "normal close"
        try:
            await self._session(link)
        except asyncio.CancelledError:
            reason = "shutdown"
            raise
        except WzpError as error:
            if error.code is not ErrorCode.LINK_CLOSED:
                self._counters.links_failed += 1
                event(log, "relay:link_refused", peer=link.remote_address[0], server_name=link.server_name, error=error)
        except Exception:  # the one place where a slip of ours costs a single link and not the whole relay
            self._counters.links_failed += 1
            log.exception("relay:session_failed name=%r", link.server_name)
        finally:
            self._links.give_back()
            link.close(reason)

    async def _session(self, link: ServerLink) -> None:
        match link.server_name.lower():
            case "ping":
                return
            case "version":
                link.send_build(self._signals.build.encode())
                await closed_within(link, _BUILD_READ_S)
            case "_signal":
                await serve_signals(link, self._signals)
            case _:
                await serve_participant(link, self._rooms)
