"""Two people call each other at the same moment."""

from enum import Enum

from wzp_core.protocol.ids import Fingerprint


class Glare(Enum):
    NONE = "none"  # no glare: we are in another call
    INSIST = "insist"  # our offer stands, theirs is rejected
    YIELD = "yield"  # theirs stands: ours is withdrawn and theirs answered


def settle_glare(me: Fingerprint, caller: Fingerprint, *, dialling: Fingerprint | None) -> Glare:
    """Both sides decide alike without a word: the offer of the smaller fingerprint stands."""
    if dialling != caller:
        return Glare.NONE
    return Glare.INSIST if me < caller else Glare.YIELD
