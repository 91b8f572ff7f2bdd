"""A place in a chain of processing whose stage may change while sound runs."""

from collections.abc import Callable
from typing import Final, TypeAlias

from wzp_core.dsp.frame import Samples
from wzp_core.dsp.mix import spliced

Stage: TypeAlias = Callable[[Samples, Samples], Samples]
"""A frame and what the speaker played meanwhile → the frame, processed."""

_WARM_UP_FRAMES: Final = 3  # a fresh stage first gives the silence it was born with


class Slot:
    """Runs a stage, or none; a new one runs beside the old until it has settled, then one frame fades over."""

    def __init__(self, stage: Stage | None) -> None:
        self._stage = self._next = stage
        self._warm_up = 0

    def use(self, stage: Stage | None) -> None:
        """From four frames on; the latest call counts."""
        self._next = stage
        self._warm_up = _WARM_UP_FRAMES

    def process(self, frame: Samples, reference: Samples) -> Samples:
        now = self._stage(frame, reference) if self._stage else frame
        if self._next is self._stage:
            return now
        coming = self._next(frame, reference) if self._next else frame
        if self._warm_up > 0:
            self._warm_up -= 1
            return now
        self._stage = self._next
        return spliced(now, coming)
