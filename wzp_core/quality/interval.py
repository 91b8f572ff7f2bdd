"""Loss over the last interval, out of totals since connect."""

from typing import Final

_SHARE_OF_NEWEST: Final = 0.3


class IntervalLoss:
    """An early burst must not depress the quality of a whole call."""

    def __init__(self) -> None:
        self._sent = self._lost = 0

    def update(self, sent: int, lost: int) -> float:
        """Percent of the packets sent since the last update; totals that went down are a new link's."""
        if sent < self._sent:
            self._sent = self._lost = 0
        now_sent, now_lost = sent - self._sent, max(0, lost - self._lost)  # what was late is lost no more
        self._sent, self._lost = sent, lost
        return min(100.0, 100.0 * now_lost / now_sent) if now_sent > 0 else 0.0


class BurstLength:
    """How many packets are lost in a row, smoothed over runs of loss; 1 for losses that come alone."""

    def __init__(self) -> None:
        self._lost = self._gaps = 0
        self.packets = 1.0

    def update(self, lost: int, gaps: int) -> float:
        """Totals of packets and of runs."""
        now_lost, now_gaps = lost - self._lost, gaps - self._gaps
        if now_gaps > 0:
            self.packets += _SHARE_OF_NEWEST * (max(1.0, now_lost / now_gaps) - self.packets)
        if now_gaps:
            self._lost, self._gaps = lost, gaps
        return self.packets


class RttJitter:
    """Mean deviation of the round trip between looks at it, smoothed as RFC 3550 §6.4.1 does."""

    def __init__(self) -> None:
        self._last: float | None = None
        self.ms = 0.0

    def update(self, rtt_ms: float) -> float:
        if self._last is not None:
            self.ms += (abs(rtt_ms - self._last) - self.ms) / 16
        self._last = rtt_ms
        return self.ms
