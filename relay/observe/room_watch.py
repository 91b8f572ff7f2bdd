"""What those who look over the relay's shoulder are told of rooms."""

from dataclasses import dataclass, field
from typing import Protocol

from wzp_core.protocol.ids import RoomName
from wzp_core.protocol.signal.base import SignalMessage


@dataclass(slots=True, kw_only=True, eq=False)
class Seen:
    """One participant, and what has been seen of it."""

    room: RoomName  # by the name it was joined under
    session: str
    address: str
    alias: str | None
    packets: int = 0
    forwarded: int = 0  # copies
    gaps: int = 0  # in the sequence of its packets
    newest: int | None = None  # sequence number
    codecs: set[str] = field(default_factory=set)


class RoomWatch(Protocol):
    """Somebody who watches some rooms; must cost little, since media waits for it."""

    def watches(self, room: RoomName) -> bool: ...

    def joined(self, who: Seen) -> None: ...

    def left(self, who: Seen) -> None: ...

    def packet(self, who: Seen, datagram: bytes, fan_out: int) -> None:
        """One that was passed on to so many."""

    def dropped(self, who: Seen, datagram: bytes, reason: str) -> None: ...

    def told(self, room: RoomName, message: SignalMessage) -> None:
        """What the members are told, once however many there are."""
