"""The seed as a file: sealed with a passphrase that may be empty."""

import unicodedata
from enum import Enum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from wzp_core.crypto.identity import SEED_BYTES
from wzp_core.errors import ErrorCode, Unavailable

ENTROPY_BYTES = 16 + 12
"""Fresh chance for each sealing: salt and nonce."""

_MAGIC = b"wzp-seed\x01"
_LOG2_N, _R, _P = 15, 8, 1  # 32 MiB, about 80 ms
_HEAD_BYTES = len(_MAGIC) + 4
FILE_BYTES = _HEAD_BYTES + ENTROPY_BYTES + SEED_BYTES + 16


class SeedStorage(Enum):
    """Where a seed is kept."""

    KEYRING = "keyring"
    FILE_WITH_PASSPHRASE = "file_with_passphrase"  # noqa: S105  # the name of a place
    FILE_WITHOUT_PASSPHRASE = "file_without_passphrase"  # noqa: S105  # protected by file permissions only
    GIVEN = "given"  # by --seed-file; not ours to keep


def file_storage(passphrase: str) -> SeedStorage:
    """What a file sealed with this passphrase is worth."""
    return SeedStorage.FILE_WITH_PASSPHRASE if passphrase else SeedStorage.FILE_WITHOUT_PASSPHRASE


def seal_seed(seed: bytes, passphrase: str, entropy: bytes) -> bytes:
    """The file's bytes: head (magic, has a passphrase, scrypt's parameters) ‖ salt ‖ nonce ‖ sealed seed."""
    salt, nonce = entropy[:16], entropy[16:ENTROPY_BYTES]
    head = _MAGIC + bytes([bool(passphrase), _LOG2_N, _R, _P])
    return head + salt + nonce + _cipher(passphrase, salt, _LOG2_N, _R, _P).encrypt(nonce, seed, head)


def open_seed(data: bytes, passphrase: str | None) -> tuple[bytes, SeedStorage]:
    """The seed, and how it was kept. Takes tens of milliseconds on purpose.

    Raises Unavailable: SECRETS_LOCKED where a passphrase is needed and none given, WRONG_PASSPHRASE, or BAD_FILE.
    """
    head, rest = data[:_HEAD_BYTES], data[_HEAD_BYTES:]
    if len(data) != FILE_BYTES or not head.startswith(_MAGIC):
        raise Unavailable(ErrorCode.BAD_FILE, what="seed file", length=len(data))
    has_passphrase, log2_n, r, p = head[len(_MAGIC) :]
    if not (has_passphrase <= 1 and 14 <= log2_n <= 18 and 1 <= r <= 16 and 1 <= p <= 4):
        raise Unavailable(ErrorCode.BAD_FILE, what="seed file", why="parameters")  # they would eat the memory
    if has_passphrase and passphrase is None:
        raise Unavailable(ErrorCode.SECRETS_LOCKED)
    used = (passphrase or "") if has_passphrase else ""
    try:
        seed = _cipher(used, rest[:16], log2_n, r, p).decrypt(rest[16:28], rest[28:], head)
    except InvalidTag:
        code = ErrorCode.WRONG_PASSPHRASE if has_passphrase else ErrorCode.BAD_FILE
        raise Unavailable(code, what="seed file") from None
    return seed, SeedStorage.FILE_WITH_PASSPHRASE if has_passphrase else SeedStorage.FILE_WITHOUT_PASSPHRASE


def _cipher(passphrase: str, salt: bytes, log2_n: int, r: int, p: int) -> ChaCha20Poly1305:
    typed = unicodedata.normalize("NFKC", passphrase).encode("utf-8", "surrogatepass")  # alike on every keyboard
    return ChaCha20Poly1305(Scrypt(salt=salt, length=32, n=1 << log2_n, r=r, p=p).derive(typed))
