"""Who gets in: places on the relay, by address and by identity, and how often one may ask."""

from relay.config import RelayConfig
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.limits import Buckets, Places, Rate, network_of
from wzp_core.ports import InboundLimits
from wzp_core.protocol.ids import Fingerprint

_CONNECTIONS_S = 5.0  # seconds' worth at once
_PACKETS_S = 2.0
_LONGEST_SIGNALS = 2_097_152.0  # two of the longest that there are, at once
_BYTES_PER_KBIT = 125
_MINUTE = 60.0


def per_minute(most: float) -> Rate:
    """All of a minute's may come at once."""
    return Rate(most / _MINUTE, most)


def inbound(config: RelayConfig) -> InboundLimits:
    """What is kept to before anything is read."""
    return InboundLimits(
        handshakes=_for(config.handshakes_per_second, _CONNECTIONS_S),
        handshakes_each=_for(config.connections_per_second, _CONNECTIONS_S),
        packets=_for(config.packets_per_second, _PACKETS_S),
        packets_each=_for(config.packets_per_second_and_address, _PACKETS_S),
        signal_bytes=Rate(config.signal_kbit_per_second * _BYTES_PER_KBIT, _LONGEST_SIGNALS),
    )


def _for(per_s: float, burst_s: float) -> Rate:
    return Rate(per_s, per_s * burst_s)


class Admission:
    """The limits of one relay; every method takes the configuration in force, since it may change."""

    def __init__(self) -> None:
        self._links: Places[str] = Places()
        self._clients: Places[str] = Places()
        self._participants: Places[str] = Places()
        self._elsewhere: Places[str] = Places()  # those participants whose links are with workers
        self._rooms: Places[Fingerprint] = Places()
        self._registrations: Buckets[str | tuple[str, Fingerprint]] = Buckets()
        self._offers: Buckets[str | Fingerprint] = Buckets()

    @property
    def participants(self) -> int:
        return self._participants.taken

    @property
    def undecided(self) -> int:
        """Connections that are neither clients nor participants."""
        return self._links.taken - self._clients.taken - (self._participants.taken - self._elsewhere.taken)

    def connect(self, host: str, config: RelayConfig) -> bool:
        """Whether one more connection may come from this address; for their sum see `undecided`."""
        network = network_of(host)
        participants = self._participants.held(network) - self._elsewhere.held(network)
        decided = self._clients.held(network) + participants
        return self._links.take(network, float("inf"), _share(config.max_undecided_links, config, network) + decided)

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
        most, each = config.max_clients, _share(config.max_clients, config, network)
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
        most, each = config.max_sessions, _share(config.max_sessions, config, network)
        if not self._participants.take(network, most + replaces, each + replaces):
            self._rooms.give_back(who)
            raise Unavailable(ErrorCode.LIMIT, what="sessions")

    def join_elsewhere(self, host: str, who: Fingerprint, config: RelayConfig, *, replaces: bool) -> None:
        """As `join`, of one whose link is with a worker."""
        self.join(host, who, config, replaces=replaces)
        self._elsewhere.take(network_of(host), float("inf"), float("inf"))

    def leave_elsewhere(self, host: str, who: Fingerprint) -> None:
        self._elsewhere.give_back(network_of(host))
        self.leave(host, who)

    def leave(self, host: str, who: Fingerprint) -> None:
        self._participants.give_back(network_of(host))
        self._rooms.give_back(who)


def _share(most: int, config: RelayConfig, network: str) -> float:
    """One address has at least one place of each kind; on this machine, where gateways and proxies are, all of them."""
    return most if _is_this_machine(network) else max(1.0, most * config.max_share_per_address)


def _is_this_machine(network: str) -> bool:
    return network == "::/64" or network.startswith("127.")
