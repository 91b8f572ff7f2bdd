"""Between relays."""

from dataclasses import dataclass

from wzp_core.protocol.signal.base import U64, SignalMessage, omitted, signal
from wzp_core.protocol.signal.room import RoomParticipant


@signal("FederationHello")
@dataclass(frozen=True, slots=True, kw_only=True)
class FederationHello(SignalMessage):
    """First signal of the relay that dialled; later builds answer with their own."""

    tls_fingerprint: str
    instance: U64 | None = omitted()  # extension: drawn anew at each start


@signal("GlobalRoomActive")
@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalRoomActive(SignalMessage):
    room: str
    participants: tuple[RoomParticipant, ...] = ()


@signal("GlobalRoomInactive")
@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalRoomInactive(SignalMessage):
    room: str


@signal("FederatedSignalForward")
@dataclass(frozen=True, slots=True, kw_only=True)
class FederatedSignalForward(SignalMessage):
    """A client's signal on its way to another relay's client; never nested."""

    inner: SignalMessage
    origin_relay_fp: str


@signal("SessionForward")
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionForward(SignalMessage):
    session_id: str
    target_fingerprint: str
    source_relay: str


@signal("SessionForwardAck")
@dataclass(frozen=True, slots=True, kw_only=True)
class SessionForwardAck(SignalMessage):
    session_id: str
    room_name: str
