"""HKDF-SHA256 (RFC 5869), the one way keys are derived here."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def hkdf(ikm: bytes, info: bytes, length: int = 32, *, salt: bytes | None = None) -> bytes:
    """Derived bytes; no salt means 32 zero bytes (crypto.md, head)."""
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(ikm)
