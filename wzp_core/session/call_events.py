"""What can happen to a direct call, and what it asks to be done."""

from dataclasses import dataclass, field
from typing import TypeAlias

from wzp_core.errors import ErrorCode
from wzp_core.nat.candidates import Candidates
from wzp_core.protocol.ids import RoomName
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.call import Rekey
from wzp_core.session.direct_plan import DirectPlan
from wzp_core.session.state import PathReason


@dataclass(frozen=True, slots=True)
class Answered:
    """The user takes the call; without `candidates` no address of either side is revealed."""

    candidates: Candidates | None = None
    private: bool = False  # the user's own word for this call, not the setting


@dataclass(frozen=True, slots=True)
class Declined:
    pass


@dataclass(frozen=True, slots=True)
class HungUp:
    pass


@dataclass(frozen=True, slots=True)
class SasCompared:
    matches: bool


@dataclass(frozen=True, slots=True)
class PacketOpened:
    """The first media packet of the peer was opened and played, or media is back."""


@dataclass(frozen=True, slots=True)
class MediaLost:
    pass


@dataclass(frozen=True, slots=True)
class MediaMoved:
    """Media goes this way from now on."""

    direct: bool


@dataclass(frozen=True, slots=True)
class MediaRefused:
    """The relay will not let us into the call's room."""

    code: ErrorCode


@dataclass(frozen=True, slots=True)
class SasOverdue:
    """No code for long: an older relay drops signals it does not know."""


@dataclass(frozen=True, slots=True)
class Rejoined:
    """We are registered anew, perhaps with a relay that has forgotten this call."""


@dataclass(frozen=True, slots=True)
class PeerPresent:
    """The relay says that the peer is registered."""


@dataclass(frozen=True, slots=True)
class TimerFired:
    pass


@dataclass(frozen=True, slots=True)
class RekeyDue:
    """Time for fresh keys: an hour has passed, or a device slept. `secret` is 32 bytes of chance."""

    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class RekeyCame:
    message: Rekey
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Send:
    message: SignalMessage


@dataclass(frozen=True, slots=True)
class StartMedia:
    """Join the call's room; `root` None means no end-to-end keys. `direct` is how to look for a direct path."""

    room: RoomName
    relay_address: str
    root: bytes | None = field(repr=False)
    direct: DirectPlan | PathReason


@dataclass(frozen=True, slots=True)
class AdoptRoot:
    """Fresh keys; `at_once` False: seal with them only once the peer does."""

    root: bytes = field(repr=False)
    at_once: bool = True


@dataclass(frozen=True, slots=True)
class PeerJudged:
    """What this call taught about the peer, to be remembered."""

    verified: bool | None = None
    end_to_end: bool | None = None


@dataclass(frozen=True, slots=True)
class CallFinished:
    pass


CallInput: TypeAlias = (
    SignalMessage
    | Answered
    | Declined
    | HungUp
    | SasCompared
    | PacketOpened
    | MediaLost
    | MediaMoved
    | MediaRefused
    | SasOverdue
    | Rejoined
    | PeerPresent
    | TimerFired
    | RekeyDue
    | RekeyCame
)
CallEffect: TypeAlias = Send | StartMedia | AdoptRoot | PeerJudged | CallFinished
