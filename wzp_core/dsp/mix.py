"""Several frames into one."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from wzp_core.dsp.frame import FRAME_SAMPLES, Samples, silence, to_samples
from wzp_core.dsp.gain import limited

_RISE: Final = np.linspace(0.0, 1.0, FRAME_SAMPLES, endpoint=False, dtype=np.float32)


def mixed(frames: Sequence[Samples]) -> Samples:
    """The sum of frames of one length, softly limited; one frame passes untouched, none is a frame of silence."""
    if not frames:
        return silence()
    if len(frames) == 1:
        return frames[0]
    return limited(np.sum(np.stack(frames), axis=0, dtype=np.float32))


def spliced(ending: Samples, beginning: Samples) -> Samples:
    """One frame that starts as `ending` and ends as `beginning`: two frames played in the time of one."""
    rise = _RISE if ending.size == FRAME_SAMPLES else np.linspace(0.0, 1.0, ending.size, endpoint=False)
    return to_samples(ending * (1.0 - rise) + beginning * rise)
