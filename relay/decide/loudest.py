"""Who is passed on where a room carries only its loudest speakers; the hot path, once for each datagram."""

from typing import Final

HOLD_S: Final = 0.4  # a pause inside a sentence, and the least time between two changes of one place
MARGIN: Final = 2.0  # levels of 4 dB that a newcomer must be louder by
_SMOOTHING: Final = 0.25  # of a packet's level: four packets to be heard, so that a click takes no place


class Voice:
    """One member's stream, as loud as its packets say."""

    __slots__ = ("heard_at", "loudness", "since")

    def __init__(self) -> None:
        self.loudness = 0.0  # smoothed level, 0…15
        self.heard_at = float("-inf")  # when its last packet that was not silent came
        self.since = float("-inf")  # when it got its place


class Floor:
    """A room's places for speakers. Whoever holds one keeps it while it speaks, for `HOLD_S` at least.

    Places change hands when somebody is clearly louder than the quietest speaker, or a speaker has fallen silent.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._speakers: list[Voice] = []

    def __len__(self) -> int:
        return len(self._speakers)

    def passes(self, voice: Voice, level: int, now: float) -> bool:
        """Whether a packet of this level, 0 silent … 15 loud, is passed on."""
        if level:
            if now - voice.heard_at > HOLD_S:
                voice.loudness = 0.0  # what it said before the pause says nothing
            voice.heard_at = now
            voice.loudness += (level - voice.loudness) * _SMOOTHING
            return voice in self._speakers or self._takes_place(voice, now)
        if voice not in self._speakers:
            return False
        if now - voice.heard_at <= HOLD_S:
            return True
        self._speakers.remove(voice)
        return False

    def leave(self, voice: Voice) -> None:
        if voice in self._speakers:
            self._speakers.remove(voice)

    def _takes_place(self, voice: Voice, now: float) -> bool:
        if len(self._speakers) < self._places:
            self._speakers.append(voice)
        else:
            loser = self._loser(voice.loudness - MARGIN, now)
            if loser is None:
                return False
            self._speakers[loser] = voice
        voice.since = now
        return True

    def _loser(self, least: float, now: float) -> int | None:
        """Whose place is free for a newcomer: of one that fell silent, or of the quietest below `least`."""
        loser = None
        for place, speaker in enumerate(self._speakers):
            if now - speaker.heard_at > HOLD_S:
                return place
            if speaker.loudness <= least and now - speaker.since > HOLD_S:
                loser, least = place, speaker.loudness
        return loser
