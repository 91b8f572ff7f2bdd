"""When to stop sending in silence, and what the silence sounds like (media.md §7.1)."""

import math
from enum import Enum
from typing import Final

import numpy as np

from wzp_core.dsp.frame import FRAME_MS, FRAME_SAMPLES, Samples, to_samples
from wzp_core.dsp.meter import rms

USUAL_LEVEL: Final = 50  # what every reference build sends and plays
NOISE_INTERVAL_MS: Final = 200

_HANGOVER_MS: Final = 5 * FRAME_MS
_LOUDEST: Final = 255
_STEP: Final = 4.0  # of level per frame: noise never jumps


class Gate(Enum):
    """What becomes of a frame."""

    SEND = "send"
    NOISE = "noise"  # a comfort-noise packet instead
    NOTHING = "nothing"


class SilenceGate:
    """Opens at once, closes after 100 ms without voice."""

    def __init__(self) -> None:
        self._silent_ms = 0
        self._since_noise_ms: int | None = None  # None while sending

    def step(self, *, voice: bool, duration_ms: int) -> Gate:
        """For the next frame. The first one left out is noise, so that the receiver does not take it for a loss."""
        self._silent_ms = 0 if voice else self._silent_ms + duration_ms
        if self._silent_ms <= _HANGOVER_MS:
            self._since_noise_ms = None
            return Gate.SEND
        if self._since_noise_ms is None or self._since_noise_ms + duration_ms >= NOISE_INTERVAL_MS:
            self._since_noise_ms = 0
            return Gate.NOISE
        self._since_noise_ms += duration_ms
        return Gate.NOTHING


def noise_level(samples: Samples) -> int:
    """The amplitude of even noise that is as loud as `samples`: the byte in a comfort-noise packet."""
    return min(_LOUDEST, round(rms(samples) * math.sqrt(3.0)))


class ComfortNoise:
    """Soft noise of the level last named."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)
        self._level = self._wanted = float(USUAL_LEVEL)

    def heed(self, payload: bytes) -> None:
        """The payload of a comfort-noise packet; an empty one means the usual level."""
        self._wanted = float(payload[0]) if payload else float(USUAL_LEVEL)

    def frame(self, count: int) -> Samples:
        """`count` samples, moving towards the wanted level."""
        before = self._level
        reach = _STEP * count / FRAME_SAMPLES
        self._level += min(reach, max(-reach, self._wanted - self._level))
        return to_samples(self._random.uniform(-1.0, 1.0, count) * np.linspace(before, self._level, count))
