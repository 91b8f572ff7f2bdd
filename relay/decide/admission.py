"""Who gets in: places on the relay, by address and by identity, and how often one may ask."""

from relay.config import RelayConfig
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.limits import Buckets, Places, Rate, network_of
from wzp_core.protocol.ids import Fingerprint

_BURST_S = 5.0  # seconds' worth of connections at once
_MINUTE = 60.0


def per_minute(most: float) -> Rate:
    """All of a minute's may come at once."""
    return Rate(most / _MINUTE, most)


class Admission:
    """The limits of one relay; every method takes the configuration in force, since it may change."""

    def __init__(self) -> None:
        self._connections: Buckets[str] = Buckets()
        self._links: Places[str] = Places()
        self._clients: Places[str] = Places()
        self._participants: Places[str] = Places()
        self._rooms: Places[Fingerprint] = Places()
        self._registrations: Buckets[str | tuple[str, Fingerprint]] = Buckets()
        self._offers: Buckets[str | Fingerprint] = Buckets()

    @property
    def participants(self) -> int:
        return self._participants.taken

    def connect(self, host: str, config: RelayConfig, now: float) -> bool:
        """Whether one more connection may come; while it has not become a client or participant it is undecided."""
        network, rate = network_of(host), config.connections_per_second
        if not self._connections.take(network, Rate(rate, rate * _BURST_S), now):
            return False
        decided = self._clients.taken + self._participants.taken
        decided_here = self._clients.held(network) + self._participants.held(network)
        most = config.max_undecided_links
        return self._links.take(network, most + decided, _share(most, config) + decided_here)

    def disconnect(self, host: str) -> None:
        self._links.give_back(network_of(host))

    def register(self, host: str, who: Fingerprint, config: RelayConfig, now: float, *, replaces: bool) -> None:
        """One more client, perhaps in place of its older connection. Raises Unavailable(LIMIT)."""
        network = network_of(host)
        # by address too, since anybody can ask in anybody's name where signatures are not required
        often = self._registrations.take((network, who), per_minute(config.registrations_per_minute), now)
        if not often or not self._registrations.take(
            network, per_minute(config.registrations_per_minute_and_address), now
        ):
            raise Unavailable(ErrorCode.LIMIT, what="registrations per minute")
        most, each = config.max_clients, _share(config.max_clients, config)
        if not self._clients.take(network, most + replaces, each + replaces):
            raise Unavailable(ErrorCode.LIMIT, what="registered clients")

    def deregister(self, host: str) -> None:
        self._clients.give_back(network_of(host))

    def offer(self, host: str, who: Fingerprint, config: RelayConfig, now: float) -> bool:
        """Whether the client may place one more call now."""
        return self._offers.take(who, per_minute(config.offers_per_minute), now) and self._offers.take(
            network_of(host), per_minute(config.offers_per_minute_and_address), now
        )

    def join(self, host: str, who: Fingerprint, config: RelayConfig, *, replaces: bool) -> None:
        """One more participant in a room, perhaps in place of its older connection. Raises Unavailable(LIMIT)."""
        network = network_of(host)
        if not self._rooms.take(who, float("inf"), config.max_rooms_per_client + replaces):
            raise Unavailable(ErrorCode.LIMIT, what="rooms of one client")
        most, each = config.max_sessions, _share(config.max_sessions, config)
        if not self._participants.take(network, most + replaces, each + replaces):
            self._rooms.give_back(who)
            raise Unavailable(ErrorCode.LIMIT, what="sessions")

    def leave(self, host: str, who: Fingerprint) -> None:
        self._participants.give_back(network_of(host))
        self._rooms.give_back(who)


def _share(most: int, config: RelayConfig) -> float:
    """One address has at least one place of each kind."""
    return max(1.0, most * config.max_share_per_address)
