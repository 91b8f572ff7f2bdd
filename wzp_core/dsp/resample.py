"""Exact conversion between 48 kHz and rates that divide it."""

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from wzp_core.dsp.frame import RATE_HZ, Samples, to_samples
from wzp_core.errors import ErrorCode, LocalMisuse

_LOBES: Final = 32  # zero crossings of the sinc on each side
_BETA: Final = 8.0  # Kaiser: 80 dB stop band
_PASSBAND: Final = 0.94  # cut-off as a fraction of the lower rate's half


def upsampled(samples: Samples, rate_hz: int) -> Samples:
    """Whole recordings (not streams) of `rate_hz` at 48 kHz; raises LocalMisuse where the rate does not divide it."""
    ratio = _ratio(rate_hz)
    if ratio == 1:
        return samples
    stuffed = np.zeros(samples.size * ratio, dtype=np.float64)
    stuffed[::ratio] = samples
    return to_samples(_filtered(stuffed, ratio) * ratio)


def downsampled(samples: Samples, rate_hz: int) -> Samples:
    """Whole 48 kHz recordings at `rate_hz`; raises LocalMisuse where the rate does not divide 48 kHz."""
    ratio = _ratio(rate_hz)
    return samples if ratio == 1 else to_samples(_filtered(samples.astype(np.float64), ratio)[::ratio])


def _ratio(rate_hz: int) -> int:
    if rate_hz <= 0 or RATE_HZ % rate_hz:
        raise LocalMisuse(ErrorCode.BAD_VALUE, what="sample rate", rate_hz=rate_hz)
    return RATE_HZ // rate_hz


@lru_cache(maxsize=8)
def _kernel(ratio: int) -> npt.NDArray[np.float64]:
    reach = np.arange(-_LOBES * ratio, _LOBES * ratio + 1)
    cutoff = _PASSBAND / ratio
    taps = np.sinc(reach * cutoff) * np.kaiser(reach.size, _BETA)
    return np.asarray(taps / taps.sum(), dtype=np.float64)


def _filtered(values: npt.NDArray[np.float64], ratio: int) -> npt.NDArray[np.float64]:
    """Convolves without shifting in time, by FFT so that minutes of sound take no longer than needed."""
    kernel = _kernel(ratio)
    size = 1 << (values.size + kernel.size - 1).bit_length()
    spectrum = np.fft.rfft(values, size) * np.fft.rfft(kernel, size)
    start = kernel.size // 2
    return np.fft.irfft(spectrum, size)[start : start + values.size]
