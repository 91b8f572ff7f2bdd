"""The relays around this one: probes, gossip and the way to somebody who is not here (relay.md §10, §17)."""

import asyncio

from relay.config import RelayConfig
from relay.decide.probe import ProbeStats
from relay.decide.registry import SWEEP_S
from relay.decide.relay_trust import pinned_targets
from relay.decide.routes import MOST_HOPS, NOT_FOUND, Route, passed_on, resolve, route_by
from relay.edge.endpoint import ServerEndpoint
from relay.edge.mesh_node import MeshNode
from relay.edge.prober import Prober
from wzp_core.limits import Bucket, Places, Rate
from wzp_core.ports import Address
from wzp_core.protocol.ids import Fingerprint, TlsFingerprint
from wzp_core.protocol.signal.presence import RouteQuery

_STRANGERS_SEARCHES = Rate(5.0, 20.0)  # of all of them together


class Mesh:
    """All probe targets, and questions that go to them."""

    def __init__(self, config: RelayConfig, node: MeshNode, endpoint: ServerEndpoint) -> None:
        self.node = node
        self.strangers = Places[str]()  # that probe us, by where they come from
        self._for_strangers = Bucket(_STRANGERS_SEARCHES, asyncio.get_running_loop().time())
        self._endpoint = endpoint
        self._probers: dict[tuple[Address, TlsFingerprint | None], Prober] = {}
        self._changed = asyncio.Event()
        self.reconfigure(config)

    def reconfigure(self, config: RelayConfig) -> None:
        """Takes on new targets and leaves those that are not wanted any more."""
        self.node.reconfigure(config)
        wanted = pinned_targets(config)
        self._probers = {key: self._probers.get(key) or Prober(*key, self._endpoint, self.node) for key in wanted}
        self._changed.set()

    def probes(self) -> tuple[ProbeStats, ...]:
        """Every target's state, in the order of the configuration."""
        return tuple(prober.stats() for prober in self._probers.values())

    async def run(self) -> None:
        """Until cancelled; then every link to a target is closed."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._sweep(), name="registry clock")
            running: dict[Prober, asyncio.Task[None]] = {}
            while True:
                self._changed.clear()
                wanted = set(self._probers.values())
                for prober in running.keys() - wanted:
                    running.pop(prober).cancel()
                for prober in wanted - running.keys():
                    running[prober] = tasks.create_task(prober.run(), name=f"probe of {prober.target}")
                await self._changed.wait()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            self.node.registry.expire_stale(asyncio.get_running_loop().time())

    async def route(self, fingerprint: Fingerprint) -> Route:
        """The relays that lead to somebody: as known here, else as the targets and those behind them answer."""
        return await self.find(RouteQuery(fingerprint=fingerprint, ttl=MOST_HOPS), is_trusted=True)

    async def find(self, query: RouteQuery, *, is_trusted: bool) -> Route:
        """As `route`, no further than the query may go and not where it has been."""
        known = resolve(self.node.registry, Fingerprint(query.fingerprint))
        further = passed_on(query, self.node.own_id)
        if known.found or further is None:
            return known
        if not is_trusted and not self._for_strangers.take(_STRANGERS_SEARCHES, asyncio.get_running_loop().time()):
            return known
        return await self._ask_all(further)

    async def _ask_all(self, query: RouteQuery) -> Route:
        """The first useful answer; whoever has not answered by then need not any more."""
        asked = [asyncio.ensure_future(self._ask(prober, query)) for prober in self._probers.values()]
        try:
            for answer in asyncio.as_completed(asked):
                if (route := await answer).found:
                    return route
            return NOT_FOUND
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)

    async def _ask(self, prober: Prober, query: RouteQuery) -> Route:
        response = await prober.ask(query)
        return NOT_FOUND if response is None else route_by(prober.target, response, {self.node.own_address()})
