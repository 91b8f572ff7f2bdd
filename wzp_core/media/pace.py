"""Whether to play faster, slower or as sent: the delay is brought to its target by stretching, not by gaps."""

from enum import Enum
from typing import Final

_LEISURE: Final = 3  # packets between two stretches in speech, so that no run of them is heard as haste
_AMPLE_MS: Final = 12.5  # the most that one stretch takes
_AMPLE_IN_SPEECH_MS: Final = 20.0  # less is no reason to touch speech: the next pause comes soon
_SCARCE_MS: Final = 10.0  # as short as a stream may begin
_HURRY_MS: Final = 80.0
_LAST_HOPE_MS: Final = 60.0  # held so long, a packet should have its successor behind it


class Pace(Enum):
    """What to do with the audio of one packet."""

    NORMAL = "normal"
    ACCELERATE = "accelerate"  # where it will not be noticed
    EXPAND = "expand"
    HURRY = "hurry"  # accelerate even where it may be noticed


class Pacing:
    """Decides packet by packet; `stretched` tells what came of it."""

    def __init__(self) -> None:
        self._rest = 0

    def pace(self, *, delay_ms: float, target_ms: float, awaited: bool, quiet: bool) -> Pace:
        """`delay_ms` is how long audio is held now; `awaited`: the next packet has not come yet.

        `quiet` says that a change would hardly be heard.
        """
        if awaited and delay_ms >= _LAST_HOPE_MS and delay_ms < target_ms + _HURRY_MS:
            return Pace.EXPAND  # its time may be won
        excess = delay_ms - target_ms
        if excess > _HURRY_MS:
            return Pace.HURRY
        self._rest = max(0, self._rest - 1)
        if self._rest and not quiet:
            return Pace.NORMAL
        if excess > (_AMPLE_MS if quiet else _AMPLE_IN_SPEECH_MS):
            return Pace.ACCELERATE
        return Pace.EXPAND if excess < -_SCARCE_MS else Pace.NORMAL

    def stretched(self) -> None:
        """A stretch was made: rest after it."""
        self._rest = _LEISURE
