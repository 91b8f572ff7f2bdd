"""The relay's seed on disk: made once, never replaced behind the owner's back; and what former ones have signed."""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from wzp_core.crypto.certificate import tls_identity
from wzp_core.crypto.identity import relay_tls_seed
from wzp_core.crypto.succession import MOST_STEPS, named_successor
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.protocol.ids import TlsFingerprint
from wzp_core.protocol.signal.codec import decode, encode
from wzp_core.protocol.signal.succession import RelaySuccession

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
    with _draft(path, _seed_text(secrets.token_bytes(_SEED_BYTES))) as draft, suppress(FileExistsError):
        os.link(draft, path)


@contextmanager
def _draft(path: Path, content: bytes) -> Iterator[Path]:
    """A private file beside `path` with this content on disk, gone at the end of the block."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _seed_text(seed: bytes) -> bytes:
    return seed.hex().encode() + b"\n"


# --- succession ------------------------------------------------------------------------------------------------


def load_succession(path: Path) -> RelaySuccession:
    """What former identities of the one in `path` have signed. Raises Unavailable(BAD_FILE)."""
    try:
        content = _succession_path(path).read_bytes()
    except FileNotFoundError:
        return RelaySuccession()
    except OSError as error:
        raise Unavailable(ErrorCode.BAD_FILE, path=_succession_path(path), reason=error) from error
    try:
        message = decode(content)
    except RemoteViolation as error:
        raise Unavailable(ErrorCode.BAD_FILE, path=_succession_path(path), reason=error) from error
    if not isinstance(message, RelaySuccession):
        raise Unavailable(ErrorCode.BAD_FILE, path=_succession_path(path), reason="it holds something else")
    return message


def rotate(path: Path) -> tuple[TlsFingerprint, TlsFingerprint]:
    """Replaces the seed in `path` by a new one that the old one has signed; the fingerprints before and after.

    The old seed is gone then. An interruption leaves the old identity as it was, with a signature for a key that
    nobody has. Raises Unavailable(BAD_FILE).
    """
    former = tls_identity(relay_tls_seed(read_seed(path)))
    seed = secrets.token_bytes(_SEED_BYTES)
    successor = tls_identity(relay_tls_seed(seed)).fingerprint
    step = named_successor(former, successor)
    steps = [each for each in load_succession(path).steps if each.certificate != step.certificate]
    try:
        with (
            _draft(_succession_path(path), encode(RelaySuccession(steps=(*steps, step)[-MOST_STEPS:]))) as statement,
            _draft(path, _seed_text(seed)) as draft,
        ):
            statement.replace(_succession_path(path))
            draft.replace(path)
    except OSError as error:
        raise Unavailable(ErrorCode.BAD_FILE, path=path, reason=error) from error
    return former.fingerprint, successor


def _succession_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.succession")
