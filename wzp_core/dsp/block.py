"""The 10 ms blocks that the native libraries work in; nothing else may reach them."""

from typing import Final

import numpy as np

from wzp_core.dsp.frame import RATE_HZ, Samples
from wzp_core.errors import ErrorCode, LocalMisuse

BLOCK_SAMPLES: Final = RATE_HZ // 100
LONGEST_SAMPLES: Final = RATE_HZ  # of one call


def whole_blocks(samples: Samples) -> Samples:
    """`samples`, contiguous; raises LocalMisuse(BAD_VALUE) for what is not 1 to 100 whole blocks of 16 bits."""
    if samples.size == 0 or samples.size % BLOCK_SAMPLES:
        raise LocalMisuse(ErrorCode.BAD_VALUE, what="frame", samples=samples.size)
    return any_length(samples)


def any_length(samples: Samples) -> Samples:
    """`samples`, contiguous; raises LocalMisuse(BAD_VALUE) for what is not up to 1 s of mono 16 bits."""
    if samples.dtype != np.int16 or samples.ndim != 1 or samples.size > LONGEST_SAMPLES:
        raise LocalMisuse(ErrorCode.BAD_VALUE, what="frame", samples=samples.size, type=str(samples.dtype))
    return np.ascontiguousarray(samples)
