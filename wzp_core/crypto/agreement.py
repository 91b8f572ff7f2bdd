"""X25519: two ephemeral keys → one shared secret."""

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from wzp_core.errors import ErrorCode, RemoteViolation


def ephemeral_public(secret: bytes) -> bytes:
    """The public key of a 32-byte ephemeral secret."""
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def shared_secret(secret: bytes, peer_public: bytes) -> bytes:
    """32 bytes. Raises RemoteViolation(WEAK_KEY) where the peer's key forces an all-zero result (RFC 7748 §6.1)."""
    try:
        return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(peer_public))
    except ValueError:
        raise RemoteViolation(ErrorCode.WEAK_KEY) from None
