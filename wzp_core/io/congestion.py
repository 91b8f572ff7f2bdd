"""Congestion control for media: loss never closes the window, but what lies in queues on the way is bounded."""

import math
from collections.abc import Iterable
from typing import Final

from aioquic.quic.congestion.base import register_congestion_control
from aioquic.quic.congestion.reno import RenoCongestionControl
from aioquic.quic.packet_builder import QuicSentPacket
from aioquic.tls import Epoch

ALGORITHM = "wzp-media"

# A window that loss closes only delays datagrams that are stale by the time it opens. The rate is the quality
# controller's business; 64 KiB a round trip is several times what any profile sends.
_SMALLEST_WINDOW: Final = 64 * 1024
_PACKET_BYTES: Final = 1200
_PERIOD_S: Final = 0.5
_LONG_QUEUE_S: Final = 0.5
_SHORT_QUEUE_S: Final = 0.3
_OVERRUNS: Final = 4  # periods in a row with a long queue and more sent than arrived
_SURPLUS: Final = 1.1
_GROWTH: Final = 1.25  # each period
_HELPED: Final = 0.5  # of the former rate still arrives, where less under way was the right answer
_WIDER: Final = 1.3  # times the former rate arrives of what was under way already, where it was not


class FlightLimit:
    """How many bytes may be under way on a line that is narrower than what is said; pure.

    A large buffer on the way takes in whatever is sent and gives it out many seconds later, when nobody wants to hear
    it any more. So where round trips are much longer than they were, and more is sent than arrives, no more may be
    under way than what arrives in a third of a second, and the rest is dropped before it is sent. It may not have been
    the queue of what we sent (acknowledgements may wait behind somebody's upload): then what was under way arrives
    faster than it should, or much less than before arrives, and the limit is lifted.
    """

    def __init__(self) -> None:
        self.most = math.inf
        """Bytes."""
        self.sent = self.arrived = 0
        """Bytes, in this period."""
        self.was_full = False
        """Whether media waited for room in this period."""
        self.has_lost = False
        self._usual = math.inf  # round trip without a queue of ours, s
        self._limited_at = -math.inf
        self._rate = 0.0  # bytes that arrived each second before it was
        self._overruns = 0
        self._begin(-math.inf)

    def _begin(self, now: float) -> None:
        self._began = now
        self.sent = self.arrived = 0
        self.was_full = self.has_lost = False
        self._shortest = math.inf  # round trip of this period

    def measured(self, rtt: float, now: float) -> None:
        """A round trip, s."""
        self._usual = min(self._usual, rtt)
        self._shortest = min(self._shortest, rtt)
        if now - self._began >= _PERIOD_S:
            rate = self.arrived / (now - self._began)
            if now - rtt < self._limited_at:  # sent before: tells only whether the line was as narrow as it seemed
                if rate > _WIDER * self._rate:
                    self._lift()
            else:
                self._judge(rate, now)
            self._begin(now)

    def _judge(self, rate: float, now: float) -> None:
        is_long = self._shortest - self._usual > _LONG_QUEUE_S
        is_overrun = is_long and (self.was_full or self.sent > _SURPLUS * self.arrived)
        self._overruns = self._overruns + 1 if is_overrun else 0
        if self.most < math.inf and is_overrun and not self.has_lost and rate < _HELPED * self._rate:
            self._usual = self._shortest
            self._lift()
        elif is_overrun and (self.most < math.inf or self._overruns >= _OVERRUNS):
            self.most = max(_PACKET_BYTES, rate * (self._usual + _SHORT_QUEUE_S))
            self._limited_at, self._rate = now, rate
        elif self.was_full and self.most < math.inf:
            self.most *= _GROWTH
            if self.most > _SMALLEST_WINDOW:
                self._lift()

    def _lift(self) -> None:
        self.most, self._limited_at, self._overruns = math.inf, -math.inf, 0


class MediaCongestionControl(RenoCongestionControl):
    """Reno with a floor and a `FlightLimit`, which also counts what was sent and lost (no public counter exists)."""

    def __init__(self, *, max_datagram_size: int) -> None:
        self.flight = FlightLimit()
        super().__init__(max_datagram_size=max_datagram_size)
        self.sent_packets = 0
        self.lost_packets = 0
        self.kept_back_s = 0.0
        """Of the next round trip, by the peer, until it acknowledged."""
        self.initials: dict[int, float] = {}
        """When each packet that began the handshake left, whether or not it has been given up."""
        self.least_rtt = math.inf
        """On this way, s."""
        self.acked_at = -math.inf
        """When something that was under way was acknowledged."""

    @property
    def congestion_window(self) -> int:
        most = self.flight.most
        return self._window if self._window < most else int(most)

    @congestion_window.setter
    def congestion_window(self, window: int) -> None:
        self._window = max(window, _SMALLEST_WINDOW)

    def on_packet_sent(self, *, packet: QuicSentPacket) -> None:
        self.bytes_in_flight += packet.sent_bytes
        self.sent_packets += 1
        if packet.epoch is Epoch.INITIAL:
            self.initials[packet.packet_number] = packet.sent_time or 0.0
        self.flight.sent += packet.sent_bytes

    def on_packet_acked(self, *, now: float, packet: QuicSentPacket) -> None:
        super().on_packet_acked(now=now, packet=packet)
        self.acked_at = now
        self.flight.arrived += packet.sent_bytes

    def on_packets_lost(self, *, now: float, packets: Iterable[QuicSentPacket]) -> None:
        lost = list(packets)
        super().on_packets_lost(now=now, packets=lost)
        self.lost_packets += len(lost)
        self.flight.has_lost = True

    def on_rtt_measurement(self, *, now: float, rtt: float) -> None:
        """A round trip that grows is no reason to leave slow start: what is sent here does not probe for the rate."""
        self.least_rtt = min(self.least_rtt, rtt)
        self.flight.measured(rtt - self.kept_back_s, now)


register_congestion_control(ALGORITHM, MediaCongestionControl)
