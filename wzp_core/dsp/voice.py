"""Is somebody speaking? For discontinuous transmission: in doubt, yes."""

from collections import deque
from typing import Final

import numpy as np

from wzp_core.dsp.frame import FRAME_MS, Samples
from wzp_core.dsp.meter import FULL_SCALE, rms
from wzp_core.dsp.webrtc import SpeechProbability
from wzp_core.errors import Unavailable

HANGOVER_MS: Final = 200
_HANGOVER_FRAMES: Final = HANGOVER_MS // FRAME_MS
_LIKELY: Final = 0.5
_ABOVE_FLOOR_DB: Final = 6.0
_LOWEST_FLOOR_DBFS: Final = -75.0
_FLOOR_FRAMES: Final = 100  # the quietest of the last 2 s is the background: speech has gaps


class VoiceActivity:
    """A frame is speech where its spectrum says so or its level stands out, and for 200 ms after."""

    def __init__(self) -> None:
        """Goes by the level alone where WebRTC's detector is missing."""
        self._levels: deque[float] = deque(maxlen=_FLOOR_FRAMES)
        self._hangover = 0
        try:
            self._probability: SpeechProbability | None = SpeechProbability()
        except Unavailable:
            self._probability = None

    def is_speech(self, frame: Samples) -> bool:
        """`frame`: 20 ms, as captured or freed of echo; noise suppression comes later and so gives the onset a lead."""
        level = 20.0 * float(np.log10(max(rms(frame), 1.0) / FULL_SCALE))
        self._levels.append(level)
        stands_out = level > max(_LOWEST_FLOOR_DBFS, min(self._levels)) + _ABOVE_FLOOR_DB
        likely = self._probability is not None and self._probability.of(frame) > _LIKELY
        self._hangover = _HANGOVER_FRAMES + 1 if stands_out or likely else max(0, self._hangover - 1)
        return self._hangover > 0
