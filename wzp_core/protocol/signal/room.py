"""Who is in a room."""

from dataclasses import dataclass

from wzp_core.protocol.signal.base import U8, U32, SignalMessage, omitted, signal


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomParticipant:
    fingerprint: str  # empty for unauthenticated web members
    alias: str | None = None
    relay_label: str | None = None  # null: this relay
    stream_id: U8 | None = omitted()  # extension (e2e.md §1)
    via: tuple[str, ...] = omitted(())  # extension, between relays: those on the way, the participant's own first


@signal("RoomUpdate")
@dataclass(frozen=True, slots=True, kw_only=True)
class RoomUpdate(SignalMessage):
    """The whole roster, the receiver included; replaces the one before."""

    count: U32
    participants: tuple[RoomParticipant, ...]
