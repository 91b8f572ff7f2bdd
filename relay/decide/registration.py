"""Whom a `RegisterPresence` registers (relay.md §6, crypto.md §9.1)."""

from wzp_core.crypto.handshake import check_register_presence
from wzp_core.crypto.identity import fingerprint_of
from wzp_core.protocol.ids import Fingerprint
from wzp_core.protocol.signal.presence import RegisterPresence

_ANONYMOUS = bytes(32)


def registered_id(message: RegisterPresence, *, signature_required: bool) -> Fingerprint | None:
    """The fingerprint to register; None for the all-zero key of NAT probes, which stay anonymous.

    Older clients send no signature, but a wrong one is an impostor's. Raises RemoteViolation(BAD_SIGNATURE).
    """
    if message.identity_pub == _ANONYMOUS:
        return None
    if message.signature or signature_required:
        check_register_presence(message)
    return fingerprint_of(message.identity_pub)
