"""The speech that measurements are made with."""

from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from wzp_core.dsp.frame import RATE_HZ, Samples
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.wav import read_wav

SPEECH: Final = Path("/usr/share/pocketsphinx/test/data/librivox")  # Debian's pocketsphinx-testdata


@lru_cache(maxsize=1)
def speech(seconds: float = 0.0) -> Samples:
    """Read-aloud English; all there is for 0. Raises Unavailable(BAD_FILE)."""
    files = sorted(SPEECH.glob("*.wav"))
    if not files:
        raise Unavailable(
            ErrorCode.BAD_FILE,
            missing=f"there is no speech in {SPEECH}; install the Debian package pocketsphinx-testdata",
        )
    samples = np.concatenate([read_wav(path) for path in files])
    return samples[: int(seconds * RATE_HZ)] if seconds > 0.0 else samples
