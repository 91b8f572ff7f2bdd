"""Whole files, read bounded and written in one step."""

import os
import tempfile
from pathlib import Path

from wzp_core.errors import ErrorCode, Unavailable

_LONGEST = 1 << 20


def read_file(path: Path, *, limit: int = _LONGEST) -> bytes | None:
    """None where there is no such file. Raises Unavailable(BAD_FILE) where it is longer than `limit` or unreadable."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unavailable(ErrorCode.BAD_FILE, path=path, why=error.strerror) from None
    if len(data) > limit:
        raise Unavailable(ErrorCode.BAD_FILE, path=path, why="too long")
    return data


def write_private(path: Path, data: bytes) -> None:
    """Replaces the file by one only its owner may read; after a crash it is the old or the new one, never half.

    Raises Unavailable(BAD_FILE).
    """
    try:
        make_private_folder(path.parent)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Unavailable(ErrorCode.BAD_FILE, path=path, why=error.strerror) from None


def make_private_folder(folder: Path) -> None:
    """The folder and what is missing above it; only the owner may enter a new one."""
    if not folder.is_dir():
        make_private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def remove_file(path: Path) -> None:
    """Raises Unavailable(BAD_FILE) where it is there and stays."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable(ErrorCode.BAD_FILE, path=path, why=error.strerror) from None
