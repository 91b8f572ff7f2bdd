"""Calls: the media handshake with a relay, direct calls between people, their keys and codes."""

from dataclasses import dataclass
from enum import Enum

from wzp_core.protocol.ids import CallId
from wzp_core.protocol.profile import QualityProfile
from wzp_core.protocol.signal.base import U8, U16, Key32, SignalMessage, omitted, signal

REDIRECTS = "redirects"
"""A word of CallOffer: we go to the port of the relay that it names, and ask its main port again when that is lost."""


class HangupReason(Enum):
    NORMAL = "Normal"
    BUSY = "Busy"
    DECLINED = "Declined"
    TIMEOUT = "Timeout"
    ERROR = "Error"


class CallAcceptMode(Enum):
    REJECT = "Reject"
    ACCEPT_TRUSTED = "AcceptTrusted"  # addresses may be revealed
    ACCEPT_GENERIC = "AcceptGeneric"  # privacy: neither side's addresses are revealed


@signal("CallOffer")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallOffer(SignalMessage):
    """First signal of a media connection to a relay."""

    identity_pub: Key32
    ephemeral_pub: Key32
    signature: bytes
    supported_profiles: tuple[QualityProfile, ...]
    alias: str | None = None
    stream_id: U8 | None = omitted()  # extension: the one we would like in the room
    words: tuple[str, ...] = omitted(())  # extension: what we understand of the relay


@signal("CallAnswer")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswer(SignalMessage):
    """The relay's answer to CallOffer."""

    identity_pub: Key32
    ephemeral_pub: Key32
    signature: bytes
    chosen_profile: QualityProfile
    stream_id: U8 | None = omitted()  # extension: the one we get (e2e.md §1)
    words: tuple[str, ...] = omitted(())  # extension: those of the offer that hold on this link
    redirect_port: U16 | None = omitted()  # extension: the room is at that port of the relay; 0 is its main one


@signal("DirectCallOffer")
@dataclass(frozen=True, slots=True, kw_only=True)
class DirectCallOffer(SignalMessage):
    """Caller → relay → callee, forwarded unchanged."""

    caller_fingerprint: str
    caller_alias: str | None = None
    target_fingerprint: str
    call_id: CallId
    identity_pub: Key32
    ephemeral_pub: Key32
    signature: bytes
    supported_profiles: tuple[QualityProfile, ...]
    caller_reflexive_addr: str | None = omitted()
    caller_local_addrs: tuple[str, ...] = omitted(())
    caller_mapped_addr: str | None = omitted()
    caller_build_version: str | None = omitted()


@signal("DirectCallAnswer")
@dataclass(frozen=True, slots=True, kw_only=True)
class DirectCallAnswer(SignalMessage):
    """Addresses only with AcceptTrusted."""

    call_id: CallId
    accept_mode: CallAcceptMode
    identity_pub: Key32 | None = omitted()
    ephemeral_pub: Key32 | None = omitted()
    signature: bytes | None = omitted()
    chosen_profile: QualityProfile | None = omitted()
    callee_reflexive_addr: str | None = omitted()
    callee_local_addrs: tuple[str, ...] = omitted(())
    callee_mapped_addr: str | None = omitted()
    callee_build_version: str | None = omitted()


@signal("CallRinging")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallRinging(SignalMessage):
    """The relay has passed the offer on."""

    call_id: CallId


@signal("CallSetup")
@dataclass(frozen=True, slots=True, kw_only=True)
class CallSetup(SignalMessage):
    """Each party gets the other's candidates, and the room on its own relay."""

    call_id: CallId
    room: str
    relay_addr: str
    peer_direct_addr: str | None = omitted()
    peer_local_addrs: tuple[str, ...] = omitted(())
    peer_mapped_addr: str | None = omitted()


@signal("Hangup")
@dataclass(frozen=True, slots=True, kw_only=True)
class Hangup(SignalMessage):
    """Ends one call; without an id, as older builds send it, all of the sender's."""

    reason: HangupReason
    call_id: CallId | None = omitted()


@signal("SasCommit")
@dataclass(frozen=True, slots=True, kw_only=True)
class SasCommit(SignalMessage):
    """Extension, e2e.md §4 step 1."""

    call_id: CallId
    commitment: Key32


@signal("SasNonce")
@dataclass(frozen=True, slots=True, kw_only=True)
class SasNonce(SignalMessage):
    """Extension, e2e.md §4 step 2."""

    call_id: CallId
    nonce: Key32


@signal("SasReveal")
@dataclass(frozen=True, slots=True, kw_only=True)
class SasReveal(SignalMessage):
    """Extension, e2e.md §4 step 3."""

    call_id: CallId
    nonce: Key32


@signal("Rekey")
@dataclass(frozen=True, slots=True, kw_only=True)
class Rekey(SignalMessage):
    """Fresh keys in a long call (e2e.md §3); `call_id` is an extension."""

    call_id: CallId | None = omitted()
    new_ephemeral_pub: Key32
    signature: bytes


@signal("MuteState")
@dataclass(frozen=True, slots=True, kw_only=True)
class MuteState(SignalMessage):
    """Extension: tells the peer why it hears nothing."""

    call_id: CallId
    muted: bool


@signal("IceCandidate")
@dataclass(frozen=True, slots=True, kw_only=True)
class IceCandidate(SignalMessage):
    """Of another messenger's bridge; ignored."""

    candidate: str


@signal("Transfer")
@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer(SignalMessage):
    """Unused by any engine; ignored."""

    target_fingerprint: str
    relay_addr: str | None = None


@signal("TransferAck")
@dataclass(frozen=True, slots=True)
class TransferAck(SignalMessage):
    """Ignored."""


@signal("Hold")
@dataclass(frozen=True, slots=True)
class Hold(SignalMessage):
    """Ignored."""


@signal("Unhold")
@dataclass(frozen=True, slots=True)
class Unhold(SignalMessage):
    """Ignored."""


@signal("Mute")
@dataclass(frozen=True, slots=True)
class Mute(SignalMessage):
    """A remote mute request; ignored: only the user mutes."""


@signal("Unmute")
@dataclass(frozen=True, slots=True)
class Unmute(SignalMessage):
    """Ignored."""
