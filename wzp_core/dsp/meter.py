"""How loud a frame is: for the meters on screen and for the header's speech level."""

import math
from typing import Final

import numpy as np

from wzp_core.dsp.frame import Samples

FULL_SCALE: Final = 32768.0
FLOOR_DBFS: Final = -60.0
_LEVELS: Final = 15


def rms(samples: Samples) -> float:
    """Root mean square, 0…32768; 0 for no samples."""
    if samples.size == 0:
        return 0.0
    wide = samples.astype(np.float64)
    return math.sqrt(float(np.dot(wide, wide)) / samples.size)


def dbfs(samples: Samples) -> float:
    """RMS relative to full scale, never below `FLOOR_DBFS`."""
    loudness = rms(samples)
    return max(FLOOR_DBFS, 20.0 * math.log10(loudness / FULL_SCALE)) if loudness > 0.0 else FLOOR_DBFS


def meter(samples: Samples) -> float:
    """Position of a level meter: 0 at -60 dBFS and below, 1 at full scale."""
    return min(1.0, 1.0 - dbfs(samples) / FLOOR_DBFS)


def speech_level(samples: Samples) -> int:
    """The 4-bit level of the packet header, 0 silent … 15 loud, in steps of 4 dB."""
    return round(meter(samples) * _LEVELS)
