"""Reads recordings of several tracks."""

import wave
from pathlib import Path

import numpy as np

from wzp_core.dsp.frame import RATE_HZ, Samples


def tracks_of(path: Path) -> list[Samples]:
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getsampwidth()) == (RATE_HZ, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        return list(samples.reshape(-1, file.getnchannels()).T.astype(np.int16))
