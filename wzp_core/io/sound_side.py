"""The microphone half and the speaker half of a device: what callbacks on PortAudio's threads and the loop share."""

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from wzp_core.dsp.frame import FRAME_SAMPLES, RATE_HZ, Samples
from wzp_core.io.ring import SampleRing
from wzp_core.io.sound_rate import ConvertedPlayback, RateConverter

BLOCK_S: Final = 0.01
_BLOCK_SAMPLES: Final = round(RATE_HZ * BLOCK_S)
_SILENT_LIMIT_S: Final = 0.5  # a sound server that moves a stream may stop it for 2 s; opening again is faster
_START_LIMIT_S: Final = 3.0  # an idle sound server may take 2 s until its first callback
_LEAST_QUEUED: Final = FRAME_SAMPLES + _BLOCK_SAMPLES
_MOST_QUEUED: Final = 6 * FRAME_SAMPLES
_MOST_MISSED: Final = 4 * FRAME_SAMPLES  # of the silence of a missing side
_QUEUE_GROWTH: Final = _BLOCK_SAMPLES  # with every block that found too little
_QUEUE_DECAY: Final = _BLOCK_SAMPLES // 2  # with every so much played without a gap:
_DECAY_AFTER: Final = 10 * RATE_HZ


class _Side:
    """Facts about one stream. Where it is missing, time passes as it would, in silence."""

    name: str  # "input" or "output"

    def __init__(self, stir: Callable[[], None]) -> None:
        self.device: str | None = None  # stable name; None while missing
        self.xruns = 0
        self.latency_s = 0.0
        self._ring = SampleRing()
        self._stir = stir
        self._since = self._called_at = time.monotonic()
        self._ended = False
        self._passed = 0  # samples of silence that were taken

    def opened(self, device: str, latency_s: float) -> None:
        """The stream was started."""
        self.latency_s, self.device = latency_s, device
        self._since = self._called_at = time.monotonic()

    @property
    def trouble(self) -> str:
        """Why the stream has to be opened again; empty where it runs or never did."""
        if self.device is None:
            return ""
        if self._ended:
            return f"{self.name}_ended"
        now = time.monotonic()
        limit_s = _SILENT_LIMIT_S if now - self._since > _START_LIMIT_S else _START_LIMIT_S
        return f"{self.name}_silent" if now - self._called_at > limit_s else ""

    @property
    def delay_ms(self) -> float | None:
        """PortAudio's own estimate of the device plus what waits in the ring."""
        return self.latency_s * 1000.0 + self._ring.available * 1000.0 / RATE_HZ if self.device is not None else None

    def finished(self) -> None:
        """For PortAudio: the stream ended, by our will or not."""
        self._ended = True
        self._stir()

    def _called(self, xrun: bool) -> None:
        self._called_at = time.monotonic()
        self.xruns += xrun
        self._stir()

    def _silence_due(self) -> int:
        """Samples that a device would have moved by now; a long pause is not made up for."""
        due = int((time.monotonic() - self._since) * RATE_HZ) - self._passed
        if due > _MOST_MISSED:
            self._passed += due - _MOST_MISSED
        return min(due, _MOST_MISSED)


class CaptureSide(_Side):
    """The microphone."""

    name = "input"

    def __init__(self, stir: Callable[[], None]) -> None:
        super().__init__(stir)
        self._converter: RateConverter | None = None

    def prepare(self, rate_hz: int) -> None:
        """Before the stream is opened; raises Unavailable(NO_CODEC)."""
        self._converter = RateConverter(rate_hz, RATE_HZ) if rate_hz != RATE_HZ else None

    @property
    def overflows(self) -> int:
        return self._ring.overflows

    def read(self, count: int) -> Samples | None:
        if self.device is not None:
            return self._ring.read(count)
        if self._silence_due() < count:
            return None
        self._passed += count
        return np.zeros(count, np.int16)

    def callback(self, data: Any, _frames: int, _time: Any, status: Any) -> None:
        samples = np.frombuffer(data, dtype=np.int16)
        self._ring.write(self._converter.process(samples) if self._converter is not None else samples)
        self._called(bool(status))


class PlaybackSide(_Side):
    """The speaker."""

    name = "output"

    def __init__(self, stir: Callable[[], None]) -> None:
        super().__init__(stir)
        self._converted: ConvertedPlayback | None = None
        self._fed = False
        self._seen_underruns = 0
        self._queue_goal = _LEAST_QUEUED
        self._since_gap = 0  # samples

    def prepare(self, rate_hz: int) -> None:
        """Before the stream is opened; raises Unavailable(NO_CODEC)."""
        self._converted = ConvertedPlayback(self._ring, rate_hz) if rate_hz != RATE_HZ else None

    @property
    def underruns(self) -> int:
        return self._ring.underruns

    def wanted(self) -> int:
        """Keeps the ring at a goal that grows with every underrun and shrinks slowly while there are none."""
        if self.device is None:
            return max(0, self._silence_due())
        if self._ring.underruns > self._seen_underruns:
            self._seen_underruns = self._ring.underruns
            self._queue_goal = min(_MOST_QUEUED, self._queue_goal + _QUEUE_GROWTH)
            self._since_gap = 0
        elif self._since_gap >= _DECAY_AFTER:
            self._queue_goal = max(_LEAST_QUEUED, self._queue_goal - _QUEUE_DECAY)
            self._since_gap = 0
        return max(0, self._queue_goal - self._ring.available)

    def write(self, samples: Samples) -> None:
        if self.device is None:
            self._passed += samples.size
            return
        self._ring.write(samples)
        self._since_gap += samples.size
        self._fed = True

    def callback(self, data: Any, _frames: int, _time: Any, status: Any) -> None:
        out = np.frombuffer(data, dtype=np.int16)
        if not self._fed:
            out[:] = 0
        elif self._converted is not None:
            self._converted.fill(out)
        else:
            self._ring.fill(out)
        self._called(bool(status))
