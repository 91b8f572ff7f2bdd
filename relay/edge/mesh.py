"""The relays around this one: probes, gossip and the way to somebody who is not here (relay.md §10, §17)."""

import asyncio

from relay.config import RelayConfig
from relay.decide.probe import ProbeStats
from relay.decide.registry import SWEEP_S
from relay.decide.routes import MOST_HOPS, NOT_FOUND, Route, passed_on, resolve, route_by
from relay.edge.endpoint import ServerEndpoint
from relay.edge.mesh_node import MeshNode
from relay.edge.prober import Prober
from wzp_core.limits import Bucket, Places, Rate
from wzp_core.protocol.ids import Fingerprint
from wzp_core.protocol.signal.presence import RouteQuery

_STRANGERS_SEARCHES = Rate(5.0, 20.0)  # of all of them together
_MOST_SEARCHES = 64  # under way at once; more are answered from what is known


class Mesh:
    """All probe targets, and questions that go to them."""

    def __init__(self, config: RelayConfig, node: MeshNode, endpoint: ServerEndpoint) -> None:
        self.node = node
        self.strangers = Places[str]()  # that probe us, by where they come from
        self._for_strangers = Bucket(_STRANGERS_SEARCHES, asyncio.get_running_loop().time())
        self._probers = [Prober(target, endpoint, node) for target in config.probe]
        self._searches = 0

    def probes(self) -> tuple[ProbeStats, ...]:
        """Every target's state, in the order of the configuration."""
        return tuple(prober.stats() for prober in self._probers)

    async def run(self) -> None:
        """Until cancelled; then every link to a target is closed."""
        async with asyncio.TaskGroup() as tasks:
            for prober in self._probers:
                tasks.create_task(prober.run(), name=f"probe of {prober.target}")
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
        if known.found or further is None or self._searches >= _MOST_SEARCHES:
            return known
        if not is_trusted and not self._for_strangers.take(_STRANGERS_SEARCHES, asyncio.get_running_loop().time()):
            return known
        self._searches += 1
        try:
            return await self._ask_all(further)
        finally:
            self._searches -= 1

    async def _ask_all(self, query: RouteQuery) -> Route:
        """The first useful answer; whoever has not answered by then need not any more."""
        asked = [asyncio.ensure_future(self._ask(prober, query)) for prober in self._probers]
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
