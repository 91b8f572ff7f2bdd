"""What the badge of a call or room says, and what that means."""

from dataclasses import dataclass

from wzp_core.session.state import Badge
from wzp_desktop.presenters.tone import Tone
from wzp_desktop.presenters.words import BADGE, BADGE_MEANING


@dataclass(frozen=True, slots=True)
class BadgeLine:
    text: str
    meaning: str
    tone: Tone
    icon: str


_TONE = {
    Badge.VERIFIED: (Tone.GOOD, "shield-check"),
    Badge.ENCRYPTED: (Tone.ACCENT, "lock"),
    Badge.RELAY_ONLY: (Tone.WARNING, "lock-open"),
    Badge.UNVERIFIED_PEER: (Tone.WARNING, "alert"),
}


def badge_line(badge: Badge) -> BadgeLine:
    return BadgeLine(BADGE[badge], BADGE_MEANING[badge], *_TONE[badge])
