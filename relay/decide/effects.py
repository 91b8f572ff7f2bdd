"""What deciding code asks the edges to do."""

from dataclasses import dataclass, field
from typing import NewType, TypeAlias

from wzp_core.protocol.ids import Fingerprint
from wzp_core.protocol.signal.base import SignalMessage

ConnectionId = NewType("ConnectionId", int)
"""Number of one accepted link; never used twice, so a late clean-up cannot hit its successor."""


@dataclass(frozen=True, slots=True)
class Send:
    """A signal for whoever is registered as `to`, here or on another relay; dropped where nobody is."""

    to: Fingerprint
    message: SignalMessage
    by: Fingerprint | None = field(default=None, compare=False)  # whose words they are, for other relays to check


@dataclass(frozen=True, slots=True)
class Deliver:
    """A signal for one connection."""

    to: ConnectionId
    message: SignalMessage


@dataclass(frozen=True, slots=True)
class Cut:
    """Close this connection."""

    connection: ConnectionId
    reason: str


Effect: TypeAlias = Send | Deliver | Cut
