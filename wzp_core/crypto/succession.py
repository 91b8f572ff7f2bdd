"""A relay's certificate names its successor, so that whoever trusts the old one may trust the new one (e2e.md §6)."""

from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from wzp_core.crypto.certificate import TlsIdentity, tls_fingerprint
from wzp_core.crypto.identity import verify
from wzp_core.protocol.ids import TlsFingerprint
from wzp_core.protocol.signal.succession import KeySuccession

MOST_STEPS = 16
_LABEL = b"wzp-relay-succession-v1"  # nothing else that a relay's TLS key signs begins like this


def named_successor(former: TlsIdentity, successor: TlsFingerprint) -> KeySuccession:
    """The statement that `former` makes on its last day."""
    return KeySuccession(
        certificate=former.certificate.public_bytes(Encoding.DER),
        successor=successor,
        signature=former.private_key.sign(_statement(former.fingerprint, successor)),
    )


def succeeds(shown: TlsFingerprint, trusted: TlsFingerprint, steps: Iterable[KeySuccession]) -> bool:
    """Whether signatures lead from the trusted certificate to the one shown, each made by the one before it.

    Nothing in `steps` has to be believed: the first certificate is known by its hash, each other one by the
    signature of its predecessor.
    """
    by_certificate = {tls_fingerprint(step.certificate): step for step in list(steps)[-MOST_STEPS:]}
    at = trusted
    while at != shown:
        step = by_certificate.pop(at, None)
        if step is None or not _is_signed(at, step):
            return False
        at = TlsFingerprint(step.successor)
    return True


def _is_signed(former: TlsFingerprint, step: KeySuccession) -> bool:
    try:
        key = x509.load_der_x509_certificate(step.certificate).public_key()
    except (ValueError, UnsupportedAlgorithm):
        return False
    statement = _statement(former, step.successor)
    return isinstance(key, Ed25519PublicKey) and verify(key.public_bytes_raw(), step.signature, statement)


def _statement(former: str, successor: str) -> bytes:
    return b"\0".join((_LABEL, former.encode(), successor.encode("utf-8", "surrogatepass")))
