"""Takes out what lies below speech: rumble, hum, direct current."""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from wzp_core.dsp.block import whole_blocks
from wzp_core.dsp.frame import RATE_HZ, Samples, to_samples

CUTOFF_HZ: Final = 80.0
_STEP: Final = 120  # samples filtered by one row of a matrix product
_NOTHING: Final = 1e-9

_Matrix = npt.NDArray[np.float64]


class HighPass:
    """A second-order Butterworth filter in state-space form, so that it runs as matrix products instead of a loop."""

    def __init__(self, cutoff_hz: float = CUTOFF_HZ) -> None:
        step, feed, through = _biquad(cutoff_hz)
        powers = [np.eye(2)]
        for _ in range(_STEP):
            powers.append(powers[-1] @ step)
        self._whole_step = powers[_STEP]
        self._from_state = np.array([power[0] for power in powers[:_STEP]])
        response = np.array([through, *(power[0] @ feed for power in powers[: _STEP - 1])])
        lag = np.arange(_STEP)[:, None] - np.arange(_STEP)[None, :]
        self._from_input = np.where(lag >= 0, response[lag], 0.0)
        self._to_state = np.array([power @ feed for power in reversed(powers[:_STEP])])
        self._state: _Matrix = np.zeros(2)

    def process(self, frame: Samples) -> Samples:
        """Without delay; raises LocalMisuse(BAD_VALUE) for what is not made of 10 ms blocks."""
        rows = whole_blocks(frame).astype(np.float64).reshape(-1, _STEP)
        states = np.empty((rows.shape[0], 2))
        for row, kick in enumerate(rows @ self._to_state):
            states[row] = self._state
            self._state = self._whole_step @ self._state + kick
        if np.abs(self._state).max() < _NOTHING:  # numbers near zero are slow
            self._state = np.zeros(2)
        return to_samples((rows @ self._from_input.T + states @ self._from_state.T).reshape(-1))


def _biquad(cutoff_hz: float) -> tuple[_Matrix, _Matrix, float]:
    """State matrix, input vector and direct gain; the output is the first state plus the direct part.

    The coefficients are the bilinear transform of s² / (s² + √2 s + 1).
    """
    warped = math.tan(math.pi * cutoff_hz / RATE_HZ)
    scale = 1.0 / (1.0 + math.sqrt(2.0) * warped + warped * warped)
    a1 = 2.0 * (warped * warped - 1.0) * scale
    a2 = (1.0 - math.sqrt(2.0) * warped + warped * warped) * scale
    step = np.array([[-a1, 1.0], [-a2, 0.0]])
    return step, np.array([-2.0 * scale - a1 * scale, scale - a2 * scale]), scale
