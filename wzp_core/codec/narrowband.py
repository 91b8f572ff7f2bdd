"""48 kHz ↔ 8 kHz without a seam between frames, for the codecs of the telephone band (media.md §5.2)."""

from typing import Final

import numpy as np
import numpy.typing as npt

from wzp_core.dsp.frame import RATE_HZ, Samples, to_samples
from wzp_core.errors import ErrorCode, LocalMisuse

NARROW_HZ: Final = 8_000
RATIO: Final = RATE_HZ // NARROW_HZ

_TAPS: Final = 48
_CUTOFF_HZ: Final = 3_800
_BETA: Final = 8.0


def _kernel() -> npt.NDArray[np.float64]:
    reach = np.arange(_TAPS) - (_TAPS - 1) / 2
    taps = np.sinc(2 * _CUTOFF_HZ / RATE_HZ * reach) * np.kaiser(_TAPS, _BETA)
    return np.asarray(taps / taps.sum(), dtype=np.float64)


_LOW_PASS: Final = _kernel()
_PHASES: Final = (RATIO * _LOW_PASS).reshape(-1, RATIO)[::-1]  # one column per output sample between two inputs


class Downsampler:
    """One stream from 48 to 8 kHz; half a millisecond late."""

    def __init__(self) -> None:
        self._history: npt.NDArray[np.float64] = np.zeros(_TAPS - 1)

    def __call__(self, samples: Samples) -> Samples:
        """A sixth as many samples; raises LocalMisuse where their number is no multiple of six."""
        if samples.size % RATIO:
            raise LocalMisuse(ErrorCode.BAD_VALUE, what="samples for 8 kHz", samples=samples.size)
        line = np.concatenate((self._history, samples), dtype=np.float64)
        self._history = line[line.size - self._history.size :]
        windows = np.lib.stride_tricks.sliding_window_view(line, _TAPS)[RATIO - 1 :: RATIO]
        return to_samples(windows @ _LOW_PASS)


class Upsampler:
    """One stream from 8 to 48 kHz; half a millisecond late."""

    def __init__(self) -> None:
        self._history: npt.NDArray[np.float64] = np.zeros(_TAPS // RATIO - 1)

    def __call__(self, samples: Samples) -> Samples:
        """Six times as many samples."""
        line = np.concatenate((self._history, samples), dtype=np.float64)
        self._history = line[line.size - self._history.size :]
        windows = np.lib.stride_tricks.sliding_window_view(line, _TAPS // RATIO)
        return to_samples((windows @ _PHASES).ravel())
