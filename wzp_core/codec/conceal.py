"""What to play where a frame is missing: deep redundancy, in-band redundancy, or a guess that fades."""

from enum import Enum
from typing import Final

import numpy as np

from wzp_core.dsp.frame import FRAME_SAMPLES, Samples, to_samples

MOST_DISTANCE: Final = 128  # packets; media.md §8.3

_FULL_FRAMES: Final = 3
_FADING_FRAMES: Final = 5


class Remedy(Enum):
    """Where a missing frame comes from."""

    DRED = "dred"
    FEC = "fec"
    PLC = "plc"


def remedy(*, distance: int, frame_samples: int, dred_reach: int, has_fec: bool) -> Remedy:
    """The best there is for the frame `distance` packets before one that is here.

    `dred_reach` is how many samples that packet's deep redundancy goes back; `has_fec`: it carries its predecessor.
    """
    if 1 <= distance <= MOST_DISTANCE and distance * frame_samples <= dred_reach:
        return Remedy.DRED
    if distance == 1 and has_fec:
        return Remedy.FEC
    return Remedy.PLC


def audible(run_frames: float) -> bool:
    """Whether guessing is still heard after `run_frames` × 20 ms of it."""
    return _gain(run_frames) > 0.0


def faded(samples: Samples, run_frames: float) -> Samples:
    """Guessed samples after `run_frames` × 20 ms of guessing: whole for three frames, then falling to silence."""
    start, end = _gain(run_frames), _gain(run_frames + samples.size / FRAME_SAMPLES)
    if start == end == 1.0:
        return samples
    return to_samples(samples * np.linspace(start, end, samples.size, endpoint=False))


def _gain(run_frames: float) -> float:
    return min(1.0, max(0.0, 1.0 - (run_frames - _FULL_FRAMES) / _FADING_FRAMES))
