"""Between relays."""

from dataclasses import dataclass

from wzp_core.protocol.signal.base import U8, U64, SignalMessage, omitted, signal
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
    """A client's signal on its way to another relay's client; never nested.

    The rest are extensions, for ways over more than one relay.
    """

    inner: SignalMessage
    origin_relay_fp: str
    target_fingerprint: str | None = omitted()
    sender_fingerprint: str | None = omitted()
    visited: tuple[str, ...] = omitted(())  # relays that have passed it on
    ttl: U8 | None = omitted()  # links that it may still take


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
