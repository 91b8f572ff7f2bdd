"""When what is played next will be heard: evenly spaced, although devices ask for sound in bursts, and by our clock."""

from typing import Final

from wzp_core.dsp.frame import FRAME_MS

_FRAME_S: Final = FRAME_MS / 1000
_PULL: Final = 0.02  # towards the present, per frame: evens out a second of bursts
_MOST_BEHIND: Final = 1  # frames; bursts of four are no reason for a jump
_MOST_AHEAD: Final = 3


class PlayoutClock:
    """Follows a speaker whose clock is faster or slower than ours without a growing error: 0.3 ms at 300 ppm.

    Counting frames alone would run away from the time at which packets arrive, and the jitter buffer take that for
    delay on the way.
    """

    def __init__(self) -> None:
        self._at = 0.0

    def next_frame(self, now: float) -> float:
        """The time, s, that the frame asked for at `now` is to be chosen by."""
        at = self._at + _FRAME_S
        at += _PULL * (now - at)
        self._at = min(max(at, now - _MOST_BEHIND * _FRAME_S), now + _MOST_AHEAD * _FRAME_S)
        return self._at
