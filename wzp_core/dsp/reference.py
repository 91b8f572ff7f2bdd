"""What the speaker plays, brought into step with what the microphone hears."""

from collections import deque
from typing import Final

import numpy as np

from wzp_core.dsp.block import any_length
from wzp_core.dsp.frame import FRAME_SAMPLES, RATE_HZ, Samples, silence, to_samples

_LONGEST: Final = RATE_HZ // 2
_LEAST: Final = FRAME_SAMPLES + 96  # left over at every pull, lest a frame that comes a little later leave a hole
_START: Final = FRAME_SAMPLES + 288
_MOST: Final = FRAME_SAMPLES + 480  # no more is needed, and an echo must never come before its reference
_WATCHED: Final = 100  # pulls
_CORRECTED: Final = 2  # one pull of so many may be corrected: 520 ppm, which an echo canceller follows without harm

HELD_MS: Final = _START * 1000 // RATE_HZ
"""How long a reference waits at first; later 22 to 30 ms."""


class ReferenceBuffer:
    """Evens out bursts, and follows two devices whose clocks differ by stretching single frames by one sample."""

    def __init__(self) -> None:
        self._waiting = silence(0)
        self._left_over: deque[int] = deque(maxlen=_WATCHED)
        self._pulls = 0

    def push(self, played: Samples) -> None:
        """Up to 1 s, of any length; the oldest is given up where more than half a second waits.

        Raises LocalMisuse(BAD_VALUE) for more, or for what are no 16-bit samples.
        """
        played = any_length(played)
        if self._waiting.size == 0:  # at the start and after every pause alike, so that the delay stays what it was
            self._waiting = silence(_START)
            self._left_over.clear()
        self._waiting = np.concatenate((self._waiting, played))
        if self._waiting.size > _LONGEST:
            self._waiting = self._waiting[-_START:]
            self._left_over.clear()

    def pull(self, count: int) -> Samples:
        """The next `count` samples; what is not there is silence."""
        self._pulls += 1
        taken = self._waiting[: count + self._correction()]
        self._waiting = self._waiting[taken.size :]
        self._left_over.append(self._waiting.size)
        if taken.size < count - 1:
            return np.concatenate((taken, silence(count - taken.size)))
        return taken if taken.size == count else _stretched(taken, count)

    def _correction(self) -> int:
        """Samples to take more or less, by what was left over at the least over 2 s."""
        if self._pulls % _CORRECTED or len(self._left_over) < _WATCHED:
            return 0
        least = min(self._left_over)
        return (least > _MOST) - (least < _LEAST)


def _stretched(samples: Samples, count: int) -> Samples:
    places = np.linspace(0.0, samples.size - 1.0, count)
    return to_samples(np.interp(places, np.arange(samples.size), samples))
