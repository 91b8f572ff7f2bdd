"""Every accepted link goes to the session that its server name asks for (transport.md §3)."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from relay.config import RelayConfig
from relay.decide.admission import Admission
from relay.edge.endpoint import ServerEndpoint, ServerLink
from relay.edge.farewell import closed_within
from relay.edge.federation_plane import FederationPlane
from relay.edge.mesh import Mesh
from relay.edge.peer_session import SERVER_NAME as FEDERATION
from relay.edge.peer_session import serve_peer
from relay.edge.probe_session import serve_probe
from relay.edge.relay_session import serve_forwarded
from relay.edge.room_session import RoomService, serve_participant
from relay.edge.signal_session import SignalService, serve_signals
from relay.observe.counters import Counters
from wzp_core.errors import ErrorCode, WzpError
from wzp_core.logs import event, logger
from wzp_core.protocol.refusal import REFUSALS, SHUTDOWN
from wzp_core.protocol.signal.succession import RelaySuccession

log = logger("relay")

_BUILD_READ_S = 1.0


class Listener:
    """Serves each link in a task of its own: a slow client holds up nobody else."""

    def __init__(
        self,
        endpoint: ServerEndpoint,
        admission: Admission,
        config: Callable[[], RelayConfig],
        session: Callable[[ServerLink], Awaitable[None]],
        counters: Counters,
    ) -> None:
        self._endpoint = endpoint
        self._admission = admission
        self._config = config  # as it is now
        self._session = session
        self._counters = counters
        self._silent: deque[ServerLink] = deque()  # oldest first; those that have spoken leave it by and by

    async def run(self) -> None:
        """Until cancelled; then every session has ended."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                link = await self._endpoint.accept()
                host = link.remote_address[0]
                if self._has_room() and self._admission.connect(host, self._config()):
                    self._silent.append(link)
                    self._counters.links_accepted += 1
                    tasks.create_task(self._serve(link, host), name=f"link {link.server_name}")
                else:
                    self._counters.links_refused += 1
                    link.close("too many connections")

    def _has_room(self) -> bool:
        """Makes it, where needed: of those that have said nothing yet, the one that could have longest has to go."""
        while self._silent and (self._silent[0].closed or self._silent[0].stats().signals_received):
            self._silent.popleft()
        if self._admission.undecided < self._config().max_undecided_links:
            return True
        if not self._silent:
            return False
        self._silent.popleft().close("too many connections")
        return True

    async def _serve(self, link: ServerLink, host: str) -> None:
        """`host` is where it came from: it may move later."""
        reason = "normal close"
        try:
            await self._session(link)
        except asyncio.CancelledError:
            reason = SHUTDOWN
            raise
        except WzpError as error:
            if error.code is not ErrorCode.LINK_CLOSED:
                self._counters.links_failed += 1
                reason = error.code.value if error.code in REFUSALS else reason
                event(log, "relay:link_refused", peer=link.remote_address[0], server_name=link.server_name, error=error)
        except Exception:  # the one place where a slip of ours costs a single link and not the whole relay
            self._counters.links_failed += 1
            log.exception("relay:session_failed name=%r", link.server_name)
        finally:
            self._admission.disconnect(host)
            link.close(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """All kinds of session that a relay serves."""

    signals: SignalService
    rooms: RoomService
    mesh: Mesh
    federation: FederationPlane
    succession: RelaySuccession

    async def serve(self, link: ServerLink) -> None:
        match link.server_name.lower():
            case "ping":
                return
            case "version":
                link.send_build(self.signals.build.encode())
                await closed_within(link, _BUILD_READ_S)
            case "_succession":
                link.send_signal(self.succession)
                await closed_within(link, _BUILD_READ_S)
            case "_signal":
                await serve_signals(link, self.signals)
            case "_probe":
                await serve_probe(link, self.mesh)
            case "_relay":
                await serve_forwarded(link, self.rooms.plane, self.mesh.node)
            case name if name == FEDERATION:
                await serve_peer(link, self.federation)
            case _:
                await serve_participant(link, self.rooms)
