"""Which key of a relay came after which."""

from dataclasses import dataclass

from wzp_core.protocol.signal.base import SignalMessage, signal


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySuccession:
    """A relay's former certificate (DER) names the fingerprint of the next one and signs that."""

    certificate: bytes
    successor: str
    signature: bytes


@signal("RelaySuccession")
@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySuccession(SignalMessage):
    """What a relay says on server name `_succession`, oldest step first; older builds say nothing."""

    steps: tuple[KeySuccession, ...] = ()
