"""The seed as something to write down: 24 words or 64 hex digits (crypto.md §1.2)."""

import functools
import re

from mnemonic import Mnemonic

from wzp_core.errors import ErrorCode, RemoteViolation

BACKUP_WORDS = 24
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
    if len(words) != BACKUP_WORDS:
        raise RemoteViolation(ErrorCode.BAD_BACKUP, count=len(words))
    try:
        return bytes(_english().to_entropy(words))
    except (ValueError, LookupError):
        # Its text repeats the words, which must not reach a log.
        raise RemoteViolation(ErrorCode.BAD_BACKUP, count=BACKUP_WORDS) from None


def unknown_words(text: str) -> tuple[tuple[int, str], ...]:
    """The words that are in no backup, with their places from 1."""
    known = set(_english().wordlist)
    return tuple((at, word) for at, word in enumerate(text[:_LONGEST_TEXT].split(), 1) if word.lower() not in known)


@functools.cache
def _english() -> Mnemonic:
    return Mnemonic("english")
