"""The unit all audio moves in: 20 ms of mono samples at 48 kHz."""

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

RATE_HZ: Final = 48_000
FRAME_MS: Final = 20
FRAME_SAMPLES: Final = RATE_HZ * FRAME_MS // 1000

Samples: TypeAlias = npt.NDArray[np.int16]
"""Mono, 48 kHz; the same type as `ports.Samples`."""


def silence(count: int = FRAME_SAMPLES) -> Samples:
    """`count` zero samples."""
    return np.zeros(count, dtype=np.int16)


def to_samples(values: npt.NDArray[np.floating]) -> Samples:
    """Rounds and clips to 16 bits."""
    rounded: Samples = np.clip(np.rint(values), -32768, 32767).astype(np.int16)
    return rounded
