"""How long to hold packets of one stream: the delay that nearly all of them need, and no more (media.md §8.2)."""

from collections import deque
from typing import Final

import numpy as np

from wzp_core.dsp.frame import FRAME_MS

LEAST_MS: Final = float(FRAME_MS)
MOST_MS: Final = 400.0
MOST_FOR_RECOVERY_MS: Final = 200.0  # waiting for redundancy is worth so much conversational delay

_FIRST_MS: Final = 1.5 * FRAME_MS  # until enough is known
_ENOUGH_PACKETS: Final = 50
_BUCKET_MS: Final = 5.0
_BUCKETS: Final = int(MOST_MS / _BUCKET_MS)
_MEMORY: Final = 0.997  # weight that stays per packet: about the last seven seconds decide
_COVERED: Final = 0.986  # share of packets that must be in time
_FALL_MS_PER_S: Final = 10.0
_BASE_INTERVAL_S: Final = 2.0
_BASE_INTERVALS: Final = 3  # the fastest packet of the last 4–6 s is the zero of all delays; follows clock drift
_PAUSE_S: Final = 1.5  # after it the sender may have slept: older transit times mean nothing
_SPIKE_MS: Final = 80.0  # above the target
_SPIKE_FALL_MS: Final = 5.0  # packets that waited together come faster than they were sent
_SPIKE_MEMORY_S: Final = 10.0
_RARE_SPIKES: Final = 2  # within that time
_COPIES: Final = 3  # that agree: a network may repeat a single packet long after
_COPIES_S: Final = 0.5


class TargetDelay:
    """Learns from arrivals; rises at once, falls slowly. Times in ms, except `now` in s."""

    def __init__(self) -> None:
        self._weights = np.zeros(_BUCKETS)
        self._packets = 0
        self._bases: deque[tuple[int, float]] = deque(maxlen=_BASE_INTERVALS)
        self._target_ms = _FIRST_MS
        self._arrived_at: float | None = None
        self._spikes = _Spikes()
        self._copies: deque[tuple[float, float]] = deque(maxlen=_COPIES)  # when, and how late
        self._foreseen_ms = 0.0

    @property
    def needed_ms(self) -> float:
        """What the packets that come need."""
        return self._target_ms

    @property
    def target_ms(self) -> float:
        """The same, or what will soon be needed: worth stretching speech for, not worth a gap."""
        return max(self._target_ms, self._foreseen_ms)

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
        self._packets += 1
        if not self._spikes.excuse(late, self._target_ms, now):
            self._note_delay(late)
            for missing in range(FRAME_MS, int(missing_ms) + 1, FRAME_MS):
                self._note_delay(min(late + missing, max(late, MOST_FOR_RECOVERY_MS)))
        self._settle(passed_s)

    def came_again(self, media_ms: float, now: float) -> None:
        """A copy of a packet that was here already: there is a slower way too, and soon perhaps no other.

        What it would need is provided for while both ways carry the packets.
        """
        if self._copies and self._copies[-1][0] == now:  # they had been kept for us: the last one was so the least
            self._copies.pop()
        self._copies.append((now, self.lag_ms(media_ms, now)))
        if len(self._copies) == _COPIES and now - self._copies[0][0] <= _COPIES_S:
            needed = LEAST_MS + min(late for _, late in self._copies)
            self._foreseen_ms = max(self._foreseen_ms, min(MOST_MS, needed))

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
        risen = self._base() - before
        if risen > 0.0:
            self._shift(risen)
        elif -risen > FRAME_MS / 2:  # a quicker way: what is on its way by the slower one still will not be late
            self._foreseen_ms = max(self._foreseen_ms, min(MOST_MS, self.target_ms - risen))

    def _shift(self, risen: float) -> None:
        """The path became slower for good: what counted as late by as much is in time now."""
        self._target_ms = max(LEAST_MS, self._target_ms - risen)
        self._foreseen_ms -= risen
        buckets = min(_BUCKETS - 1, int(risen / _BUCKET_MS))
        in_time = self._weights[: buckets + 1].sum()
        self._weights = np.concatenate(([in_time], self._weights[buckets + 1 :], np.zeros(buckets)))

    def _base(self) -> float:
        return min((transit for _, transit in self._bases), default=0.0)

    def _note_delay(self, late: float) -> None:
        self._weights *= _MEMORY
        self._weights[min(_BUCKETS - 1, max(0, int(late / _BUCKET_MS)))] += 1.0 - _MEMORY

    def _settle(self, passed_s: float) -> None:
        """A packet that comes `x` late is in time when it is held for the rest of `x`, plus the frame being played."""
        needed = min(MOST_MS, LEAST_MS + self._quantile())
        if self._packets < _ENOUGH_PACKETS:
            needed = max(needed, _FIRST_MS)
        self._target_ms = max(needed, self._target_ms - _FALL_MS_PER_S * passed_s)
        self._foreseen_ms = max(0.0, self._foreseen_ms - _FALL_MS_PER_S * passed_s)

    def _quantile(self) -> float:
        reached = np.cumsum(self._weights)
        return float(np.searchsorted(reached, _COVERED * reached[-1])) * _BUCKET_MS


class _Spikes:
    """Packets that all waited for one stall tell nothing about the next ones, unless stalls come again and again."""

    def __init__(self) -> None:
        self._began: deque[float] = deque()
        self._late_ms: float | None = None  # of the latest packet of the spike that is on

    def excuse(self, late_ms: float, target_ms: float, now: float) -> bool:
        """Whether this packet's lateness belongs to a rare spike; a path that stays slow is no spike."""
        while self._began and now - self._began[0] > _SPIKE_MEMORY_S:
            self._began.popleft()
        if late_ms <= target_ms:
            self._late_ms = None
            return False
        if self._late_ms is None:
            if late_ms <= target_ms + _SPIKE_MS:
                return False
            self._began.append(now)
        elif late_ms > self._late_ms - _SPIKE_FALL_MS:
            self._late_ms = late_ms
            return False
        self._late_ms = late_ms
        return len(self._began) <= _RARE_SPIKES
