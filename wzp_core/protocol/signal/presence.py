"""Who is there, and how far."""

from dataclasses import dataclass

from wzp_core.protocol.signal.base import U8, U64, Key32, SignalMessage, omitted, signal


@signal("RegisterPresence")
@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPresence(SignalMessage):
    """First signal of a signal connection; older clients sign nothing."""

    identity_pub: Key32
    signature: bytes
    alias: str | None = None
    takes_changes: bool | None = omitted()  # extension: after the first list, `PresenceChange` will do


@signal("RegisterPresenceAck")
@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPresenceAck(SignalMessage):
    """The first signal a relay sends; `available_relays` are `name|ip:port`."""

    success: bool
    error: str | None = omitted()
    relay_build: str | None = omitted()
    relay_region: str | None = omitted()
    available_relays: tuple[str, ...] = omitted(())


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceUser:
    fingerprint: str
    alias: str | None = omitted()
    relay_label: str | None = omitted()  # extension; none: this relay


@signal("PresenceList")
@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceList(SignalMessage):
    """Everybody on the relay, the receiver included; replaces the list before."""

    users: tuple[PresenceUser, ...]


@signal("PresenceChange")
@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceChange(SignalMessage):
    """An extension: what makes the list that was told before the present one; only for whoever takes changes."""

    came: tuple[PresenceUser, ...] = omitted(())  # or are shown in another way
    left: tuple[str, ...] = omitted(())  # fingerprints


@signal("Ping")
@dataclass(frozen=True, slots=True, kw_only=True)
class Ping(SignalMessage):
    timestamp_ms: U64


@signal("Pong")
@dataclass(frozen=True, slots=True, kw_only=True)
class Pong(SignalMessage):
    """Echoes the ping's time unchanged."""

    timestamp_ms: U64


@signal("PresenceUpdate")
@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceUpdate(SignalMessage):
    """Gossip between relays; `relay_addr` is the sender's own."""

    fingerprints: tuple[str, ...]
    relay_addr: str


@signal("RouteQuery")
@dataclass(frozen=True, slots=True, kw_only=True)
class RouteQuery(SignalMessage):
    """Where is somebody? Passed on `ttl` times, and not to relays whose certificate is among `visited`."""

    fingerprint: str
    ttl: U8
    visited: tuple[str, ...] = omitted(())


@signal("RouteResponse")
@dataclass(frozen=True, slots=True, kw_only=True)
class RouteResponse(SignalMessage):
    """The relays from the one that answers to the one that somebody is on."""

    fingerprint: str
    found: bool
    relay_chain: tuple[str, ...]
