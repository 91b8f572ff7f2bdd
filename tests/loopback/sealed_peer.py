"""The end-to-end keys, seals and codes of a call, written from the specification alone: no line is shared with ours."""

import hashlib
import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CALLER_TO_CALLEE, CALLEE_TO_CALLER = b"\x01", b"\x02"
SEALED = 0x01


def derived(secret: bytes, info: bytes, length: int = 32, salt: bytes | None = None) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)


def counted(text: str) -> bytes:
    return struct.pack(">H", len(text.encode())) + text.encode()


def offer_transcript(call_id: str, caller: str, target: str, identity: bytes, ephemeral: bytes) -> bytes:
    return b"wzp-e2e-offer-v1" + counted(call_id) + counted(caller) + counted(target) + identity + ephemeral


def answer_transcript(offer: bytes, identity: bytes, ephemeral: bytes) -> bytes:
    return b"wzp-e2e-answer-v1" + hashlib.sha256(offer).digest() + identity + ephemeral


def root_of(own: X25519PrivateKey, theirs: bytes, answer: bytes) -> bytes:
    shared = own.exchange(X25519PublicKey.from_public_bytes(theirs))
    return derived(shared, b"wzp-e2e-root-v1", salt=hashlib.sha256(answer).digest())


def spoken_code(root: bytes, caller_nonce: bytes, callee_nonce: bytes) -> str:
    number = int.from_bytes(derived(root, b"warzone-sas-code", 4, caller_nonce + callee_nonce), "big") % 1_000_000
    return f"{number // 1000:03d} {number % 1000:03d}"


@dataclass(frozen=True)
class Seal:
    """Of one direction and epoch; packets whose numbers have not wrapped."""

    root: bytes
    direction: bytes
    epoch: int = 0

    def _key(self) -> tuple[ChaCha20Poly1305, bytes]:
        info = b"wzp-e2e-media-v1" + self.direction + struct.pack(">I", self.epoch)
        both = derived(self.root, info, 44)
        return ChaCha20Poly1305(both[:32]), both[32:]

    def _nonce(self, iv: bytes, index: int) -> bytes:
        return bytes(a ^ b for a, b in zip(iv, bytes(4) + struct.pack(">Q", index), strict=True))

    def packet(self, number: int, stream: int, payload: bytes) -> bytes:
        key, iv = self._key()
        flags = SEALED | (self.epoch & 7) << 1 | 8 << 4
        header = bytes((0, 0)) + struct.pack(">HI", number, number * 20) + bytes((0, 0, flags, stream))
        return header + key.encrypt(self._nonce(iv, number), payload, header)

    def opened(self, packet: bytes) -> bytes:
        """Raises InvalidTag."""
        key, iv = self._key()
        header, body, report = packet[:12], packet[12:], b""
        if header[0] & 0x02:
            body, report = body[:-4], body[-4:]
        return key.decrypt(self._nonce(iv, int.from_bytes(header[2:4], "big")), body, header + report)
