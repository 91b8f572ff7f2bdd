"""Congestion control for media: Reno that never closes the window on real-time datagrams."""

from collections.abc import Iterable

from aioquic.quic.congestion.base import register_congestion_control
from aioquic.quic.congestion.reno import RenoCongestionControl
from aioquic.quic.packet_builder import QuicSentPacket

ALGORITHM = "wzp-media"

# A closed window only delays datagrams that are stale by the time it opens. The rate is the quality controller's
# business; 64 KiB a round trip is several times what any profile sends.
_SMALLEST_WINDOW = 64 * 1024


class MediaCongestionControl(RenoCongestionControl):
    """Reno with a floor, which also counts what was sent and lost (no public counter exists)."""

    def __init__(self, *, max_datagram_size: int) -> None:
        super().__init__(max_datagram_size=max_datagram_size)
        self.congestion_window = max(self.congestion_window, _SMALLEST_WINDOW)
        self.sent_packets = 0
        self.lost_packets = 0
        self.acked_at = float("-inf")

    def on_packet_sent(self, *, packet: QuicSentPacket) -> None:
        super().on_packet_sent(packet=packet)
        self.sent_packets += 1

    def on_packet_acked(self, *, now: float, packet: QuicSentPacket) -> None:
        super().on_packet_acked(now=now, packet=packet)
        self.acked_at = now

    def on_packets_lost(self, *, now: float, packets: Iterable[QuicSentPacket]) -> None:
        lost = list(packets)
        super().on_packets_lost(now=now, packets=lost)
        self.lost_packets += len(lost)
        self.congestion_window = max(self.congestion_window, _SMALLEST_WINDOW)

    def on_rtt_measurement(self, *, now: float, rtt: float) -> None:
        """A round trip that grows is no reason to leave slow start: what is sent here does not probe for the rate."""

    def on_persistent_congestion(self) -> None:
        super().on_persistent_congestion()
        self.congestion_window = max(self.congestion_window, _SMALLEST_WINDOW)


register_congestion_control(ALGORITHM, MediaCongestionControl)
