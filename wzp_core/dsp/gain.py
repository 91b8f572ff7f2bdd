"""Volume with a soft ceiling: louder never means torn."""

from typing import Final

import numpy as np
import numpy.typing as npt

from wzp_core.dsp.frame import Samples, to_samples

_KNEE: Final = 24_576.0  # -2.5 dBFS: below it the curve is exactly linear
_HEADROOM: Final = 32_767.0 - _KNEE


def limited(values: npt.NDArray[np.float32]) -> Samples:
    """Bends what is above the knee into the headroom; values below stay as they are."""
    size = np.abs(values)
    if values.size == 0 or float(size.max()) <= _KNEE:
        return to_samples(values)
    bent = _KNEE + _HEADROOM * np.tanh((size - _KNEE) / _HEADROOM)
    return to_samples(np.where(size <= _KNEE, values, np.copysign(bent, values)))


def amplified(samples: Samples, gain: float) -> Samples:
    """`samples` times `gain` (0 = silent, 1 = unchanged)."""
    if gain == 1.0:
        return samples
    return limited(samples.astype(np.float32) * np.float32(gain))
