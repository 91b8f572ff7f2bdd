"""Addresses and the way media takes."""

from dataclasses import dataclass

from wzp_core.protocol.ids import CallId
from wzp_core.protocol.signal.base import U16, U32, U64, Key32, SignalMessage, omitted, signal


@signal("Reflect")
@dataclass(frozen=True, slots=True)
class Reflect(SignalMessage):
    """Asks the relay which address it sees."""


@signal("ReflectResponse")
@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectResponse(SignalMessage):
    observed_addr: str


@signal("MediaPathReport")
@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPathReport(SignalMessage):
    """One side's race result; both are known before media commits to a path."""

    call_id: CallId
    direct_ok: bool
    race_winner: str = ""  # "Direct" or "Relay", informational


@signal("CandidateUpdate")
@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateUpdate(SignalMessage):
    """After a network change; only a greater generation than the last seen counts."""

    call_id: CallId
    reflexive_addr: str | None = omitted()
    local_addrs: tuple[str, ...] = omitted(())
    mapped_addr: str | None = omitted()
    generation: U32


@signal("HardNatProbe")
@dataclass(frozen=True, slots=True, kw_only=True)
class HardNatProbe(SignalMessage):
    """How the sender's NAT allocates ports; `port_sequence` oldest first."""

    call_id: CallId
    port_sequence: tuple[U16, ...]
    allocation: str
    probe_time_ms: U64
    external_ip: str


@signal("HardNatBirthdayStart")
@dataclass(frozen=True, slots=True, kw_only=True)
class HardNatBirthdayStart(SignalMessage):
    """The ports its sender has opened."""

    call_id: CallId
    acceptor_port_count: U16
    acceptor_ports: tuple[U16, ...]
    external_ip: str


@signal("PathProof")
@dataclass(frozen=True, slots=True, kw_only=True)
class PathProof(SignalMessage):
    """Extension: that the other end of a direct link holds the call's root (e2e.md §7)."""

    call_id: CallId
    role: str
    mac: Key32
