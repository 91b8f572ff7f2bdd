"""One writer thread, one reader thread, no lock: samples between the audio callback and the loop."""

from typing import Final

import numpy as np

from wzp_core.dsp.frame import Samples

_CAPACITY: Final = 16_384  # 341 ms


class SampleRing:
    """Bounded; the writer never waits and overwrites the oldest samples, the reader notices and skips them.

    Each counter has a single writer: `_written` belongs to the writing thread, everything else to the reading one.
    """

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self.overflows = 0  # times the reader found samples overwritten
        self.underruns = 0  # times `fill` found too little
        self._capacity = capacity
        self._buffer = np.zeros(capacity, dtype=np.int16)
        self._written = 0
        self._read = 0

    @property
    def available(self) -> int:
        """Samples waiting; for either thread."""
        return min(self._written - self._read, self._capacity)

    def write(self, samples: Samples) -> None:
        """Only the newest `capacity` samples of a larger block count."""
        kept = samples[-self._capacity :]
        position = (self._written + samples.size - kept.size) % self._capacity
        first = min(kept.size, self._capacity - position)
        self._buffer[position : position + first] = kept[:first]
        self._buffer[: kept.size - first] = kept[first:]
        self._written += samples.size  # last: only now may the reader look

    def read(self, count: int) -> Samples | None:
        """The oldest `count` samples, or None (nothing taken) until so many are there."""
        self._skip_overwritten()
        if self._written - self._read < count:
            return None
        taken = self._copied(count)
        if self._written - self._read > self._capacity:  # overwritten while copying
            self._skip_overwritten()
            return self.read(count)
        self._read += count
        return taken

    def fill(self, out: Samples) -> None:
        """Fills `out` completely, with zeros where samples are missing."""
        self._skip_overwritten()
        count = min(out.size, self._written - self._read)
        out[:count] = self._copied(count)
        out[count:] = 0
        self._read += count
        self.underruns += count < out.size

    def _copied(self, count: int) -> Samples:
        position = self._read % self._capacity
        first = min(count, self._capacity - position)
        return np.concatenate((self._buffer[position : position + first], self._buffer[: count - first]))

    def _skip_overwritten(self) -> None:
        oldest = self._written - self._capacity
        if self._read < oldest:
            self.overflows += 1
            self._read = oldest
