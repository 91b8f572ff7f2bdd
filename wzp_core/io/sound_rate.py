"""Sound of a device that refuses 48 kHz, converted inside its callback."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from wzp_core.dsp.frame import RATE_HZ, Samples
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.ring import SampleRing

_BLOCK: Final = 480


class RateConverter:
    """A stream of samples at one rate to the same stream at another; lengths follow the ratio on average."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        """Raises Unavailable(NO_CODEC) without samplerate."""
        try:
            import samplerate
        except (ImportError, OSError) as error:
            raise Unavailable(ErrorCode.NO_CODEC, library="samplerate") from error
        self._ratio = to_hz / from_hz
        self._resampler: Any = samplerate.Resampler("sinc_fastest", channels=1)

    def process(self, samples: Samples) -> Samples:
        converted: npt.NDArray[np.float32] = self._resampler.process(samples.astype(np.float32), self._ratio)
        return np.clip(np.rint(converted), -32768, 32767).astype(np.int16)


class ConvertedPlayback:
    """Fills blocks at the device's rate from a ring at 48 kHz; for the audio thread alone."""

    def __init__(self, ring: SampleRing, rate_hz: int) -> None:
        self._ring = ring
        self._converter = RateConverter(RATE_HZ, rate_hz)
        self._waiting = np.zeros(0, np.int16)

    def fill(self, out: Samples) -> None:
        block = np.zeros(_BLOCK, np.int16)
        while self._waiting.size < out.size:
            self._ring.fill(block)
            self._waiting = np.concatenate((self._waiting, self._converter.process(block)))
        out[:] = self._waiting[: out.size]
        self._waiting = self._waiting[out.size :]
