"""The SQLite file of one profile."""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.files import make_private_folder
from wzp_core.logs import event, logger

_SCHEMA = """
CREATE TABLE contacts (
    fingerprint TEXT PRIMARY KEY, alias TEXT NOT NULL, verified INTEGER NOT NULL, mismatched INTEGER NOT NULL,
    end_to_end INTEGER NOT NULL, last_seen_unix INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE history (
    call_id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, alias TEXT NOT NULL, direction TEXT NOT NULL,
    started_unix INTEGER NOT NULL, duration_s INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE relays (address TEXT PRIMARY KEY, fingerprint TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
_STEPS = (
    _SCHEMA,
    "ALTER TABLE contacts ADD COLUMN volume_percent INTEGER NOT NULL DEFAULT 100;",
)
"""What each version of the file added."""

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY_LIMIT_S = 5.0

_Result = TypeVar("_Result")

log = logger("database")


class Database:
    """One file; each use has a connection and a transaction of its own, in a thread."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def use(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """What `work` returns, committed. A damaged file is moved aside and a new one begun.

        Raises Unavailable(BAD_FILE) where the disk, or a newer program's file, forbids that.
        """
        return await asyncio.to_thread(self._use, work)

    def _use(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        try:
            try:
                return self._attempt(work)
            except sqlite3.DatabaseError as error:
                if (error.sqlite_errorcode & 0xFF) not in _DAMAGED:
                    raise
                self._move_aside(error)
                return self._attempt(work)
        except (sqlite3.Error, OSError) as error:
            raise Unavailable(ErrorCode.BAD_FILE, path=self._path, why=str(error)) from None

    def _attempt(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        with self._connection() as connection, connection:
            return work(connection)

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        make_private_folder(self._path.parent)
        self._path.touch(mode=0o600)
        with contextlib.closing(sqlite3.connect(self._path, timeout=_BUSY_LIMIT_S)) as connection:
            self._bring_up_to_date(connection)
            yield connection

    def _bring_up_to_date(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(_STEPS):
            raise Unavailable(ErrorCode.BAD_FILE, path=self._path, why="made by a newer version", version=version)
        if version < len(_STEPS):
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                (version,) = connection.execute(
                    "PRAGMA user_version"
                ).fetchone()  # another program may have been faster
                for statement in "".join(_STEPS[version:]).split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {max(version, len(_STEPS))}")

    def _move_aside(self, error: sqlite3.DatabaseError) -> None:
        aside = self._path.with_name(f"{self._path.name}.damaged")
        self._path.replace(aside)
        self._path.with_name(f"{self._path.name}-journal").unlink(missing_ok=True)
        event(log, "database:damaged", level=logging.ERROR, kept_as=aside, why=error)
