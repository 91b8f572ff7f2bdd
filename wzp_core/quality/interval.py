"""Loss over the last interval, out of totals since connect."""


class IntervalLoss:
    """An early burst must not depress the quality of a whole call."""

    def __init__(self) -> None:
        self._sent = self._lost = 0

    def update(self, sent: int, lost: int) -> float:
        """Percent of the packets sent since the last update; totals that went down are a new link's."""
        if sent < self._sent or lost < self._lost:
            self._sent = self._lost = 0
        now_sent, now_lost = sent - self._sent, lost - self._lost
        self._sent, self._lost = sent, lost
        return min(100.0, 100.0 * now_lost / now_sent) if now_sent > 0 else 0.0


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
