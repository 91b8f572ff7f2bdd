"""How long to hold packets of one stream: the delay that nearly all of them need, and no more (media.md §8.2)."""

from collections import deque
from typing import Final

from wzp_core.dsp.frame import FRAME_MS

LEAST_MS: Final = float(FRAME_MS)
MOST_MS: Final = 400.0
MOST_FOR_RECOVERY_MS: Final = 200.0  # waiting for redundancy is worth so much conversational delay

_FIRST_MS: Final = 2.0 * FRAME_MS  # until enough is known
_ENOUGH_PACKETS: Final = 50
_BUCKET_MS: Final = 5.0
_BUCKETS: Final = int(MOST_MS / _BUCKET_MS)
_MEMORY: Final = 0.98  # weight that stays per packet: about the last second decides
_COVERED: Final = 0.95  # share of packets that must be in time
_FALL_MS_PER_S: Final = 10.0
_BASE_INTERVAL_S: Final = 2.0
_BASE_INTERVALS: Final = 3  # the fastest packet of the last 4–6 s is the zero of all delays; follows clock drift
_PAUSE_S: Final = 1.5  # after it the sender may have slept: older transit times mean nothing


class TargetDelay:
    """Learns from arrivals; rises at once, falls slowly. Times in ms, except `now` in s."""

    def __init__(self) -> None:
        self._weights = [0.0] * _BUCKETS
        self._packets = 0
        self._bases: deque[tuple[int, float]] = deque(maxlen=_BASE_INTERVALS)
        self._target_ms = _FIRST_MS
        self._arrived_at: float | None = None

    @property
    def target_ms(self) -> float:
        return self._target_ms

    def arrived(self, media_ms: float, now: float, *, missing_ms: float = 0.0) -> None:
        """One packet whose audio starts at `media_ms` of the stream.

        `missing_ms` is how much audio before it is missing and can be rebuilt from it: those frames count as arriving
        now, because playing them needs waiting for this packet.
        """
        passed_s = 0.0 if self._arrived_at is None else max(0.0, now - self._arrived_at)
        if passed_s > _PAUSE_S:
            self._bases.clear()
        self._arrived_at = now
        transit = now * 1000.0 - media_ms
        self._note_transit(transit, now)
        late = transit - self._base()
        self._note_delay(late)
        for missing in range(FRAME_MS, int(missing_ms) + 1, FRAME_MS):
            self._note_delay(min(late + missing, max(late, MOST_FOR_RECOVERY_MS)))
        self._packets += 1
        self._settle(passed_s)

    def lag_ms(self, media_ms: float, now: float) -> float:
        """How long after its earliest possible arrival the audio at `media_ms` would be played now."""
        return now * 1000.0 - media_ms - self._base()

    def _note_transit(self, transit: float, now: float) -> None:
        before = self._base() if self._bases else transit
        interval = int(now / _BASE_INTERVAL_S)
        if self._bases and self._bases[-1][0] >= interval:
            self._bases[-1] = (self._bases[-1][0], min(self._bases[-1][1], transit))
        else:
            self._bases.append((interval, transit))
        if (risen := self._base() - before) > 0.0:
            self._shift(risen)

    def _shift(self, risen: float) -> None:
        """The path became slower for good: what counted as late by as much is in time now."""
        self._target_ms = max(LEAST_MS, self._target_ms - risen)
        buckets = min(_BUCKETS - 1, int(risen / _BUCKET_MS))
        in_time = sum(self._weights[: buckets + 1])
        self._weights = [in_time, *self._weights[buckets + 1 :], *[0.0] * buckets]

    def _base(self) -> float:
        return min((transit for _, transit in self._bases), default=0.0)

    def _note_delay(self, late: float) -> None:
        self._weights = [weight * _MEMORY for weight in self._weights]
        self._weights[min(_BUCKETS - 1, max(0, int(late / _BUCKET_MS)))] += 1.0 - _MEMORY

    def _settle(self, passed_s: float) -> None:
        """A packet that comes `x` late is in time when it is held for the rest of `x`, plus the frame being played."""
        needed = min(MOST_MS, LEAST_MS + self._quantile())
        if self._packets < _ENOUGH_PACKETS:
            needed = max(needed, _FIRST_MS)
        self._target_ms = max(needed, self._target_ms - _FALL_MS_PER_S * passed_s)

    def _quantile(self) -> float:
        wanted = _COVERED * sum(self._weights)
        reached = 0.0
        for bucket, weight in enumerate(self._weights):
            reached += weight
            if reached >= wanted:
                return bucket * _BUCKET_MS
        return MOST_MS
