"""The seed as something to write down: 24 words or 64 hex digits (crypto.md §1.2)."""

import functools
import re

from mnemonic import Mnemonic

from wzp_core.errors import ErrorCode, RemoteViolation

_WORDS = 24
_LONGEST_TEXT = 1000


def words_of(seed: bytes) -> str:
    """24 English BIP39 words that hold the seed as entropy."""
    return str(_english().to_mnemonic(seed))


def seed_of_backup(text: str) -> bytes:
    """The seed in words or hex digits, however they are spaced and cased. Raises RemoteViolation(BAD_BACKUP)."""
    if len(text) > _LONGEST_TEXT:
        raise RemoteViolation(ErrorCode.BAD_BACKUP, length=len(text))
    digits = re.sub(r"\s", "", text)
    if re.fullmatch(r"[0-9a-fA-F]{64}", digits):
        return bytes.fromhex(digits)
    words = text.lower().split()
    if len(words) != _WORDS:
        raise RemoteViolation(ErrorCode.BAD_BACKUP, count=len(words))
    try:
        return bytes(_english().to_entropy(words))
    except (ValueError, LookupError):
        # Its text repeats the words, which must not reach a log.
        raise RemoteViolation(ErrorCode.BAD_BACKUP, count=_WORDS) from None


@functools.cache
def _english() -> Mnemonic:
    return Mnemonic("english")
