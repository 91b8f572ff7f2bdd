"""Carries sound between two devices whose clocks differ, by resampling it very slightly (package samplerate)."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from wzp_core.dsp.block import any_length
from wzp_core.dsp.frame import RATE_HZ, Samples, to_samples
from wzp_core.errors import ErrorCode, Unavailable

LIMIT_PPM: Final = 200.0
"""A third of a hundredth of a semitone: nobody hears it; sound devices differ by 150 at the most."""

_SMOOTHING_S: Final = 2.0  # bursts of the devices' callbacks must not be followed
_PPM_PER_MS: Final = 40.0  # with the next, critically damped: 150 ppm move the fill by 3 ms, for a minute or two
_PPM_PER_MS_S: Final = 0.4
_SAMPLES_PER_MS: Final = RATE_HZ / 1000.0

_Convert = Callable[[npt.NDArray[np.float32], float], npt.NDArray[np.float32]]


class DriftController:
    """From how full a ring is to how much longer or shorter to make what is written into it."""

    def __init__(self, target: int) -> None:
        """`target`: samples the ring should hold on average."""
        self.target = target
        self._error_ms: float | None = None
        self._learnt_ppm = 0.0

    @property
    def learnt_ppm(self) -> float:
        """The clocks' difference, positive where the reader's is the faster; settles within some minutes."""
        return self._learnt_ppm

    def ppm(self, fill: int, seconds: float) -> float:
        """-200 … 200: by how many millionths to lengthen the next `seconds`, written where `fill` samples wait."""
        error_ms = (self.target - fill) / _SAMPLES_PER_MS
        if self._error_ms is None:
            self._error_ms = error_ms
        self._error_ms += (error_ms - self._error_ms) * min(1.0, seconds / _SMOOTHING_S)
        wanted = self._learnt_ppm + _PPM_PER_MS * self._error_ms
        if abs(wanted) < LIMIT_PPM:  # at the limit, a long way off says nothing about the clocks
            self._learnt_ppm += _PPM_PER_MS_S * self._error_ms * seconds
        return max(-LIMIT_PPM, min(LIMIT_PPM, wanted))


class DriftCorrector:
    """One stream into one ring, 0.4 ms late; the length of a frame then changes by a sample now and again."""

    def __init__(self, target: int) -> None:
        """`target`: samples the ring should hold on average. Raises Unavailable(NO_CODEC) without samplerate."""
        self._controller = DriftController(target)
        self._convert = _converter()

    @property
    def learnt_ppm(self) -> float:
        return self._controller.learnt_ppm

    def process(self, frame: Samples, fill: int) -> Samples:
        """What to write for `frame` into a ring where `fill` samples wait.

        Raises LocalMisuse(BAD_VALUE) for more than 1 s or what are no 16-bit samples.
        """
        samples = any_length(frame)
        ppm = self._controller.ppm(fill, samples.size / RATE_HZ)
        return to_samples(self._convert(samples.astype(np.float32), 1.0 + ppm * 1e-6))


def _converter() -> _Convert:
    try:
        import samplerate
    except (ImportError, OSError) as error:
        raise Unavailable(ErrorCode.NO_CODEC, library="samplerate") from error
    resampler: Any = samplerate.Resampler("sinc_fastest", channels=1)
    return lambda values, ratio: np.asarray(resampler.process(values, ratio), dtype=np.float32)
