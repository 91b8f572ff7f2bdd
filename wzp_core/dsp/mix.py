"""Several frames into one."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from wzp_core.dsp.frame import FRAME_SAMPLES, Samples, silence, to_samples

_RISE: Final = np.linspace(0.0, 1.0, FRAME_SAMPLES, endpoint=False, dtype=np.float32)


def mixed(frames: Sequence[npt.NDArray[np.floating] | Samples]) -> npt.NDArray[np.float32]:
    """The sum of frames of one length, which may be beyond 16 bits; none is a frame of silence."""
    total: npt.NDArray[np.float32] = np.sum(np.stack([silence(), *frames]), axis=0, dtype=np.float32)
    return total


def spliced(ending: Samples, beginning: Samples) -> Samples:
    """One frame that starts as `ending` and ends as `beginning`: two frames played in the time of one."""
    rise = _RISE if ending.size == FRAME_SAMPLES else np.linspace(0.0, 1.0, ending.size, endpoint=False)
    return to_samples(ending * (1.0 - rise) + beginning * rise)
