"""One relay's probe link, from the side that is probed (relay.md §10)."""

import asyncio
from contextlib import suppress

from relay.edge.endpoint import ServerLink
from relay.edge.mesh import Mesh
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.limits import Bucket, Rate, network_of
from wzp_core.ports import Link
from wzp_core.protocol.signal.presence import Ping, Pong, PresenceUpdate, RouteQuery, RouteResponse

_SIGNALS = Rate(20.0, 80.0)
_GOSSIP = Rate(0.2, 3.0)
_MOST_STRANGERS = 32
_MOST_STRANGERS_EACH = 8  # from one address
_MOST_SEARCHES = 16  # for one relay at once


async def serve_probe(link: ServerLink, mesh: Mesh) -> None:
    """Answers until the relay is gone. A stranger is not believed, and is told no more than any client is."""
    with mesh.node.judged(link) as is_trusted:
        if is_trusted:
            link.lift_limits()
            await _converse(link, mesh, is_trusted=True)
            return
        host = network_of(link.remote_address[0])
        if not mesh.strangers.take(host, _MOST_STRANGERS, _MOST_STRANGERS_EACH):
            raise Unavailable(ErrorCode.LIMIT, what="probes by strangers")
        try:
            await _converse(link, mesh, is_trusted=False)
        finally:
            mesh.strangers.give_back(host)


async def _converse(link: Link, mesh: Mesh, *, is_trusted: bool) -> None:
    node, counters = mesh.node, mesh.node.counters
    is_told = is_trusted or node.tells_strangers
    now = asyncio.get_running_loop().time
    signals, gossip = Bucket(_SIGNALS, now()), Bucket(_GOSSIP, now())
    searches: set[asyncio.Task[None]] = set()
    try:
        while True:
            message = await link.receive_signal()
            if not signals.take(_SIGNALS, now()):
                raise RemoteViolation(ErrorCode.LIMIT, what="signals per second", peer=link.remote_address[0])
            match message:
                case Ping(timestamp_ms=timestamp_ms):
                    link.send_signal(Pong(timestamp_ms=timestamp_ms))
                case PresenceUpdate() if is_told and gossip.take(_GOSSIP, now()):
                    if is_trusted:
                        node.learn(link, message, now())
                    else:
                        counters.gossip_refused += 1
                    link.send_signal(node.gossip(link, is_trusted=is_trusted))
                case RouteQuery() if is_told and len(searches) < _MOST_SEARCHES:
                    counters.route_queries += 1
                    task = asyncio.create_task(_answer(link, message, mesh, is_trusted), name="route query")
                    searches.add(task)
                    task.add_done_callback(searches.discard)
                case PresenceUpdate() | RouteQuery():
                    counters.gossip_refused += 1
    finally:
        for task in searches:
            task.cancel()


async def _answer(link: Link, query: RouteQuery, mesh: Mesh, is_trusted: bool) -> None:
    route = await mesh.find(query, is_trusted=is_trusted)
    chain = route.chain(mesh.node.own_address(link.remote_address))
    with suppress(Unavailable):  # gone meanwhile, or not reading
        link.send_signal(RouteResponse(fingerprint=query.fingerprint, found=route.found, relay_chain=chain))
