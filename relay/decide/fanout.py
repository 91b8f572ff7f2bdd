"""Which packets are passed on, and to whom: the hot path, once for each datagram."""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from relay.config import RelayConfig
from relay.decide.effects import ConnectionId
from wzp_core.limits import Bucket, Rate
from wzp_core.protocol.media.header import peek_stream_id, well_formed

_BURST_S = 2.0  # seconds' worth of media at once, as it comes after a stall of the network
_BYTES_PER_KBIT = 125

T = TypeVar("T")


class Verdict(Enum):
    FORWARD = "forward"
    MALFORMED = "malformed"
    FOREIGN_STREAM = "foreign_stream"


def verdict(datagram: bytes, own_stream_id: int) -> Verdict:
    """A sender may speak only as itself, or unnamed as older ones do (e2e.md §1)."""
    if not well_formed(datagram):
        return Verdict.MALFORMED
    stream_id = peek_stream_id(datagram)
    return Verdict.FORWARD if stream_id in (0, own_stream_id) else Verdict.FOREIGN_STREAM


class Quota:
    """How much one participant may have passed on."""

    __slots__ = ("_bytes", "_bytes_rate", "_packets", "_packets_rate")

    def __init__(self, config: RelayConfig, now: float) -> None:
        self.reconfigure(config)
        self._packets = Bucket(self._packets_rate, now)
        self._bytes = Bucket(self._bytes_rate, now)

    def reconfigure(self, config: RelayConfig) -> None:
        packets, data = config.media_packets_per_second, config.media_kbit_per_second * _BYTES_PER_KBIT
        self._packets_rate = Rate(packets, packets * _BURST_S)
        self._bytes_rate = Rate(data, data * _BURST_S)

    def take(self, length: int, now: float) -> bool:
        """Whether a packet of `length` bytes is within it."""
        return self._packets.take(self._packets_rate, now) and self._bytes.take(self._bytes_rate, now, length)


def recipients(members: Mapping[ConnectionId, T]) -> dict[ConnectionId, tuple[T, ...]]:
    """For each member everybody else; made anew when membership changes so that packets find it ready."""
    return {
        sender: tuple(member for connection, member in members.items() if connection != sender) for sender in members
    }
