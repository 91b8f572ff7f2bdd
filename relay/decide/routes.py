"""By which relays somebody is reached (relay.md §10, §17)."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from relay.decide.registry import Local, Registry
from wzp_core.protocol.address import address_text, numeric_address
from wzp_core.protocol.ids import Fingerprint, TlsFingerprint
from wzp_core.protocol.signal.presence import RouteQuery, RouteResponse

MOST_HOPS = 3  # that a query is passed on; whom a relay answers for is one hop further
HOP_S = 0.5  # each relay on the way waits this much longer than the next one
_LONGEST_CHAIN = MOST_HOPS + 2


class RouteKind(Enum):
    LOCAL = "local"
    DIRECT_PEER = "direct_peer"
    CHAIN = "chain"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Route:
    """The relays behind this one, nearest first; none where somebody is here, or nowhere."""

    found: bool
    relays: tuple[str, ...] = ()

    @property
    def kind(self) -> RouteKind:
        if not self.found:
            return RouteKind.NOT_FOUND
        return (RouteKind.LOCAL, RouteKind.DIRECT_PEER, RouteKind.CHAIN)[min(len(self.relays), 2)]

    def chain(self, own: str) -> tuple[str, ...]:
        """As it is told to others, from this relay on."""
        return (own, *self.relays) if self.found else ()

    def __str__(self) -> str:
        return f"{self.kind.value}({' -> '.join(self.relays)})" if self.relays else self.kind.value


NOT_FOUND = Route(found=False)


def resolve(registry: Registry, fingerprint: Fingerprint) -> Route:
    """What this relay knows by itself."""
    match registry.lookup(fingerprint):
        case None:
            return NOT_FOUND
        case Local():
            return Route(found=True)
        case remote:
            return Route(found=True, relays=(remote.relay,))


def passed_on(query: RouteQuery, own_id: TlsFingerprint) -> RouteQuery | None:
    """The query as the next relays shall see it; None where it has come far enough or in a circle.

    A relay is known by its certificate there: its addresses differ by who looks.
    """
    hops = min(query.ttl, MOST_HOPS)
    if hops == 0 or own_id in query.visited or len(query.visited) > MOST_HOPS:
        return None
    return RouteQuery(fingerprint=query.fingerprint, ttl=hops - 1, visited=(*query.visited, own_id))


def patience_s(query: RouteQuery) -> float:
    """How long to wait for the answer to a query that we send."""
    return HOP_S * (min(query.ttl, MOST_HOPS) + 1)


def route_by(peer: str, response: RouteResponse, own: Collection[str]) -> Route:
    """What the relay dialled as `peer` answered; nothing where its chain is not one, or leads through us."""
    addresses = [numeric_address(text) for text in response.relay_chain[1:_LONGEST_CHAIN]]
    behind = tuple(address_text(address) for address in addresses if address is not None)
    is_sound = 0 < len(response.relay_chain) <= _LONGEST_CHAIN and len(behind) == len(response.relay_chain) - 1
    if not (response.found and is_sound) or any(relay in own for relay in behind):
        return NOT_FOUND
    return Route(found=True, relays=(peer, *behind))
