"""The relay's seed on disk: made once, never replaced behind the owner's back."""

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

from wzp_core.errors import ErrorCode, Unavailable

_SEED_BYTES = 32


def load_seed(path: Path) -> bytes:
    """The 32-byte seed in `path`, which is created where it is missing (crypto.md §8).

    Raises Unavailable(BAD_FILE) for a file that is unreadable or no seed: a new one in its place would be another
    relay to everybody who trusts this one.
    """
    try:
        if not path.exists():
            _create(path)
        seed = read_seed(path)
        path.chmod(0o600)
    except OSError as error:
        raise Unavailable(ErrorCode.BAD_FILE, path=path, reason=error) from error
    return seed


def read_seed(path: Path) -> bytes:
    """The seed in `path`, which is not touched. Raises Unavailable(BAD_FILE)."""
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(ErrorCode.BAD_FILE, path=path, reason=error) from error
    if not re.fullmatch(r"[0-9a-fA-F]{64}\s*", text):
        raise Unavailable(ErrorCode.BAD_FILE, path=path, reason="it does not hold 64 hex digits")
    return bytes.fromhex(text.strip())


def _create(path: Path) -> None:
    """Whole or not at all; of two relays that start at once, the second takes the first one's seed."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_bytes(_SEED_BYTES).hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
