"""How loud one person is played."""

import numpy as np
import numpy.typing as npt

from wzp_core.dsp.frame import Samples
from wzp_core.dsp.gain import Fader
from wzp_core.dsp.level import Leveller
from wzp_core.errors import Unavailable


class Loudness:
    """By the volume that the listener chose, and by the speaker's own level where that is wanted."""

    def __init__(self) -> None:
        self._fader = Fader()
        self._leveller: Leveller | None = None
        self._can_level = True

    def process(self, frame: Samples, volume: float, *, levelled: bool) -> npt.NDArray[np.floating] | Samples:
        """`frame`, 20 ms, times `volume`; without a click, and not limited yet."""
        if levelled and self._leveller is None and self._can_level:
            try:
                self._leveller = Leveller()
            except Unavailable:
                self._can_level = False
        elif not levelled:
            self._leveller = None
        return self._fader.process(frame, volume * self._leveller.gain(frame) if self._leveller else volume)
