"""The relay as one block: while it is open the relay serves, and when it ends everything of it has ended."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace

from relay.config import RelayConfig
from relay.decide.admission import Admission, inbound
from relay.decide.calls import CallRegistry
from relay.decide.doorkeeper import Doorkeeper
from relay.decide.placement import Placement
from relay.decide.presence import Hub
from relay.decide.registry import Registry
from relay.decide.reload import reloaded
from relay.decide.rooms import Rooms
from relay.edge.addresses import address_text
from relay.edge.endpoint import ServerEndpoint, counted
from relay.edge.federation_plane import FederationPlane
from relay.edge.listener import Listener
from relay.edge.listener import Sessions as LinkSessions
from relay.edge.mesh import Mesh
from relay.edge.mesh_node import MeshNode
from relay.edge.outbox import Outbox
from relay.edge.peer_diallers import PeerDiallers
from relay.edge.peer_session import SERVER_NAME as FEDERATION
from relay.edge.prober import SERVER_NAME as PROBE
from relay.edge.relay_session import SERVER_NAME as FORWARDED
from relay.edge.room_plane import RoomPlane
from relay.edge.room_session import RoomService
from relay.edge.signal_plane import SignalPlane
from relay.edge.signal_session import SignalService
from relay.edge.token_check import TokenCheck, open_token_check
from relay.edge.workers import Workers
from relay.identity import load_seed, load_succession
from relay.observe.counters import Counters, RelayStats
from relay.observe.event_log import EventLog, open_event_log
from relay.observe.sessions import Sessions
from wzp_core import __version__
from wzp_core.crypto.certificate import TlsIdentity, tls_identity
from wzp_core.crypto.identity import Identity, relay_tls_seed
from wzp_core.io.quic import open_endpoint
from wzp_core.io.udp import UdpOpener, bind_udp
from wzp_core.logs import event, logger
from wzp_core.ports import Address
from wzp_core.protocol.ids import TlsFingerprint
from wzp_core.protocol.signal.succession import RelaySuccession

log = logger("relay")

_LAST_WORDS_S = 2.0


class Relay:
    """A running relay, as its owner sees it."""

    def __init__(
        self,
        config: RelayConfig,
        seed: bytes,
        tls: TlsIdentity,
        endpoint: ServerEndpoint,
        tokens: TokenCheck,
        events: EventLog | None,
        succession: RelaySuccession,
    ) -> None:
        self.name = config.name
        self.address = endpoint.local_address
        self.fingerprint: TlsFingerprint = tls.fingerprint
        self._endpoint, self._tokens = endpoint, tokens
        endpoint.limit_inbound(inbound(config))
        self.http_address: Address | None = None
        self._counters = Counters()
        self._sessions = Sessions()
        self._hub = Hub()
        self._rooms = Rooms()
        started_at = asyncio.get_running_loop().time()
        self._calls = CallRegistry(started_at=started_at, most_per_client=config.max_calls_per_client)
        outbox, admission = Outbox(self._hub, self._counters), Admission()
        self._signals = SignalPlane(config, admission, self._hub, self._calls, outbox, self._counters)
        self._media = RoomPlane(config, admission, self._rooms, outbox, self._counters, self._sessions, events)
        self.federation = FederationPlane(
            config,
            tls.fingerprint,
            hub=self._hub,
            calls=self._calls,
            rooms=self._rooms,
            signal_plane=self._signals,
            room_plane=self._media,
            events=events,
            outbox=outbox,
        )
        placement = Placement(self._rooms, self.federation.spans)
        keeper = Doorkeeper(config, admission, self._calls, placement)
        self._workers = Workers(config, seed, keeper, self._media.vacate, self._counters)
        node = MeshNode(
            config,
            Registry(self._hub, placement),
            listening=self.address,
            own_id=tls.fingerprint,
            counters=self._counters,
        )
        self.mesh = Mesh(config, node, endpoint)
        self._diallers = PeerDiallers(endpoint, self.federation)
        self._diallers.want(config.peers)
        self._listener = Listener(
            endpoint,
            admission,
            lambda: self._signals.config,
            LinkSessions(
                signals=SignalService(plane=self._signals, tokens=tokens, listening=self.address, build=__version__),
                rooms=RoomService(
                    plane=self._media, tokens=tokens, identity=Identity.from_seed(seed), door=self._workers
                ),
                mesh=self.mesh,
                federation=self.federation,
                succession=succession,
            ).serve,
            self._counters,
        )

    def stats(self) -> RelayStats:
        """Of all processes, totals of workers as of a second ago."""
        totals = counted(self._counters, self._endpoint)
        workers = self._workers
        totals = replace(totals, **{name: getattr(totals, name) + n for name, n in workers.told.counts().items()})
        return RelayStats(
            clients=len(self._hub),
            calls=len(self._calls),
            rooms=len(self._rooms) + workers.rooms,
            sessions=self._media.sessions,
            workers=workers.alive,
            totals=totals,
        )

    def observed(self) -> Sessions:
        """Of all processes, those of workers as of some seconds ago."""
        return self._workers.told.beside(self._sessions)

    def health(self) -> dict[str, object]:
        """Without a worker its rooms are in other processes, so that one less is no failure of the relay."""
        wanted, alive = self._signals.config.workers, self._workers.alive
        if not wanted:
            return {"status": "ok"}
        return {"status": "ok" if alive == wanted else "degraded", "workers": wanted, "workers_alive": alive}

    @asynccontextmanager
    async def answering_http(self, config: RelayConfig) -> AsyncIterator[None]:
        """Answers whoever may ask, where the configuration wants that. Raises Unavailable(NO_PORT)."""
        if not config.http_port:
            yield
            return
        # only here: the app's own relay shall not pay a third of a second for libraries that it does not use
        from relay.edge.http import serve_http
        from relay.edge.http_routes import health_routes, metrics_routes
        from relay.edge.mesh_routes import mesh_routes
        from relay.observe.federation import FederationCollector
        from relay.observe.mesh import ProbeCollector
        from relay.observe.metrics import RelayCollector, WorkerCollector, new_registry

        registry = new_registry(
            RelayCollector(self.stats, self.observed),
            WorkerCollector(self._workers.told),
            ProbeCollector(self.mesh.probes),
            FederationCollector(self.federation),
        )
        routes = [*health_routes(self.health), *metrics_routes(registry), *mesh_routes(self.mesh)]
        async with serve_http(
            (config.http_host, config.http_port), lambda: self._signals.config.http_token, routes
        ) as self.http_address:
            event(log, "relay:http_listening", addr=address_text(self.http_address))
            yield

    def working(self) -> AbstractAsyncContextManager[None]:
        """All worker processes are there. Raises Unavailable(NO_PORT)."""
        return self._workers.serving()

    def reconfigure(self, wanted: RelayConfig) -> list[str]:
        """Takes over what can change while the relay runs; returns the keys whose change waits for a restart."""
        config, changed, waiting = reloaded(self._signals.config, wanted)
        self._endpoint.limit_inbound(inbound(config))
        self._tokens.ask(config.auth_url)
        self._calls.most_per_client = config.max_calls_per_client
        self._signals.config = config
        self.federation.reconfigure(config)
        self._media.reconfigure(config)
        self._diallers.want(config.peers)
        self.mesh.reconfigure(config)
        self._workers.reconfigure(config)
        event(log, "relay:reconfigured", changed=",".join(changed) or "nothing", waiting=",".join(waiting) or "nothing")
        return waiting

    async def drain(self) -> None:
        """Lets nobody in any more, and lets those who are here hear the last that was said."""
        self._endpoint.accept_strangers(False)
        self._workers.stop()
        event(log, "relay:draining", clients=len(self._hub), sessions=self._media.sessions)
        await self._endpoint.all_heard(_LAST_WORDS_S)

    async def run(self) -> None:
        """Serves until cancelled; every link is closed then."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._signals.keep_time(), name="relay clock")
                tasks.create_task(self._media.keep_time(), name="debug tap")
                tasks.create_task(self.mesh.run(), name="relay mesh")
                tasks.create_task(self._listener.run(), name="relay listener")
                tasks.create_task(self.federation.keep_time(), name="federation clock")
                tasks.create_task(self._diallers.run(), name="federation diallers")
                tasks.create_task(self._workers.run(), name="workers")
        finally:
            self.federation.close()
            self._signals.close()
            self._media.close()


@asynccontextmanager
async def serve(
    config: RelayConfig,
    *,
    on_listening: Callable[[Relay], None] | None = None,
    open_socket: UdpOpener = bind_udp,
) -> AsyncIterator[Relay]:
    """A relay on the running loop.

    Raises Unavailable(BAD_FILE) for its identity and Unavailable(NO_PORT). A failure of the relay's own ends the block;
    at the end of a block that did not fail, clients get what was on its way to them, within two seconds.
    """
    seed = await asyncio.to_thread(load_seed, config.identity_path)
    succession = await asyncio.to_thread(load_succession, config.identity_path)
    tls = tls_identity(relay_tls_seed(seed))
    opened = open_endpoint(
        config.listen,
        tls,
        open_socket=open_socket,
        both_families=config.listen[0] == "::",
        asks_certificate_for=frozenset({FEDERATION, PROBE, FORWARDED}),
    )
    async with AsyncExitStack() as lifetime:
        endpoint = await lifetime.enter_async_context(opened)
        tokens = await lifetime.enter_async_context(open_token_check(config.auth_url))
        events = await lifetime.enter_async_context(open_event_log(config.event_log))
        relay = Relay(config, seed, tls, endpoint, tokens, events, succession)
        await lifetime.enter_async_context(relay.answering_http(config))
        await lifetime.enter_async_context(relay.working())
        tasks = await lifetime.enter_async_context(asyncio.TaskGroup())
        running = tasks.create_task(relay.run(), name="relay")
        event(log, "relay:listening", addr=address_text(relay.address), fingerprint=relay.fingerprint)
        if on_listening is not None:
            on_listening(relay)
        try:
            yield relay
            await relay.drain()
        finally:
            running.cancel()
    event(log, "relay:stopped", addr=address_text(relay.address))
