"""Seed → keys → fingerprint: who somebody is."""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from wzp_core.crypto.alias import derived_alias
from wzp_core.crypto.hkdf import hkdf
from wzp_core.errors import ErrorCode, LocalMisuse
from wzp_core.protocol.ids import Fingerprint, fingerprint_text

SEED_BYTES = 32


class Identity:
    """An Ed25519 key pair and the names that follow from it (crypto.md §1)."""

    __slots__ = ("_signing_key", "alias", "fingerprint", "public_key")

    def __init__(self, signing_key: Ed25519PrivateKey, alias: str) -> None:
        self._signing_key = signing_key
        self.alias = alias
        self.public_key = signing_key.public_key().public_bytes_raw()
        self.fingerprint = fingerprint_of(self.public_key)

    @classmethod
    def from_seed(cls, seed: bytes) -> "Identity":
        """Raises LocalMisuse(BAD_VALUE) where the seed is not 32 bytes."""
        if len(seed) != SEED_BYTES:
            raise LocalMisuse(ErrorCode.BAD_VALUE, what="seed", length=len(seed))
        private_key = Ed25519PrivateKey.from_private_bytes(hkdf(seed, b"warzone-ed25519"))
        return cls(private_key, derived_alias(seed))

    def sign(self, data: bytes) -> bytes:
        """64 bytes Ed25519."""
        return self._signing_key.sign(data)

    def __repr__(self) -> str:
        return f"Identity({self.fingerprint})"


def fingerprint_of(public_key: bytes) -> Fingerprint:
    """First half of the SHA-256 of an Ed25519 public key, as text."""
    return fingerprint_text(hashlib.sha256(public_key).digest()[:16])


def verify(public_key: bytes, signature: bytes, data: bytes) -> bool:
    """Whether the key signed the data; a key or signature that is none at all says no."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def relay_tls_seed(seed: bytes) -> bytes:
    """The private seed of the certificate key of a relay with this seed."""
    return hkdf(seed, b"wzp-tls-ed25519")
