"""Volume with a soft ceiling: louder never means torn."""

from typing import Final

import numpy as np
import numpy.typing as npt

from wzp_core.dsp.frame import Samples, to_samples

_KNEE: Final = 24_576.0  # -2.5 dBFS: below it the curve is exactly linear
_FULL: Final = 32_767.0


def bent(values: npt.NDArray[np.floating], knee: float = _KNEE) -> Samples:
    """Bends what is above the knee into the headroom; values below stay as they are."""
    size = np.abs(values)
    if values.size == 0 or float(size.max()) <= knee:
        return to_samples(values)
    headroom = _FULL - knee
    curve = knee + headroom * np.tanh((size - knee) / headroom)
    return to_samples(np.where(size <= knee, values, np.copysign(curve, values)))


def amplified(samples: Samples, gain: float) -> Samples:
    """`samples` times `gain` (0 = silent, 1 = unchanged)."""
    if gain == 1.0:
        return samples
    return bent(samples.astype(np.float32) * np.float32(gain))


class Fader:
    """A gain that may change with every frame; it moves over the frame, so that nothing clicks."""

    def __init__(self) -> None:
        self._gain: float | None = None

    def process(self, frame: Samples, gain: float) -> npt.NDArray[np.floating] | Samples:
        """`frame` at `gain`, not limited: it may be beyond 16 bits. The first frame has its gain from the start."""
        before, self._gain = gain if self._gain is None else self._gain, gain
        if before == gain == 1.0:
            return frame
        return frame * np.linspace(before, gain, frame.size, dtype=np.float32)
