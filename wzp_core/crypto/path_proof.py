"""Proof that the other end of a direct connection holds the call's root, with nobody in between (e2e.md §7)."""

import hmac

from wzp_core.crypto.hkdf import hkdf
from wzp_core.protocol.ids import TlsFingerprint


def path_key(root: bytes) -> bytes:
    """What the two ends of a call know about its direct paths."""
    return hkdf(root, b"wzp-e2e-path-v1")


def path_mac(root: bytes, *, role: str, certificate: TlsFingerprint) -> bytes:
    """`role` is the prover's, so that neither can send the other's back; `certificate` is the acceptor's as this side
    knows it, so that a middleman's makes the two differ."""
    return hmac.digest(path_key(root), role.encode() + bytes.fromhex(certificate.replace(":", "")), "sha256")


def is_path_proof(mac: bytes, root: bytes, *, role: str, certificate: TlsFingerprint) -> bool:
    """Whether `mac` is the peer's proof."""
    return hmac.compare_digest(mac, path_mac(root, role=role, certificate=certificate))
