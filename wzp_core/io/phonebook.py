"""Contacts and call history on disk."""

import sqlite3

from wzp_core.io.database import Database
from wzp_core.ports import Contact, HistoryEntry
from wzp_core.protocol.ids import Fingerprint

_MOST_CONTACTS = 2000
_MOST_CALLS = 200


class SqlitePhoneBook:
    """`ports.PhoneBook`; raises Unavailable(BAD_FILE) where the disk fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def contacts(self) -> tuple[Contact, ...]:
        """By alias."""
        return await self._database.use(_contacts)

    async def save_contact(self, contact: Contact) -> None:
        """Adds or replaces; strangers seen longest ago are forgotten beyond 2000."""
        await self._database.use(lambda connection: _save_contact(connection, contact))

    async def history(self, limit: int = 50) -> tuple[HistoryEntry, ...]:
        """Newest first."""
        return await self._database.use(lambda connection: _history(connection, limit))

    async def save_history(self, entry: HistoryEntry) -> None:
        """Adds the entry, or replaces the one with its call id; at most 200 are kept."""
        await self._database.use(lambda connection: _save_history(connection, entry))

    async def clear_history(self) -> None:
        await self._database.use(lambda connection: connection.execute("DELETE FROM history"))


def _contacts(connection: sqlite3.Connection) -> tuple[Contact, ...]:
    rows = connection.execute(
        "SELECT fingerprint, alias, verified, mismatched, end_to_end, last_seen_unix, volume_percent FROM contacts"
        " ORDER BY alias COLLATE NOCASE, fingerprint"
    )
    return tuple(
        Contact(
            fingerprint=Fingerprint(fingerprint),
            alias=alias,
            verified=bool(verified),
            mismatched=bool(mismatched),
            end_to_end=bool(end_to_end),
            last_seen_unix=last_seen_unix,
            volume_percent=volume_percent,
        )
        for fingerprint, alias, verified, mismatched, end_to_end, last_seen_unix, volume_percent in rows
    )


def _save_contact(connection: sqlite3.Connection, contact: Contact) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO contacts VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            contact.fingerprint,
            _storable(contact.alias),
            contact.verified,
            contact.mismatched,
            contact.end_to_end,
            contact.last_seen_unix,
            contact.volume_percent,
        ),
    )
    connection.execute(
        "DELETE FROM contacts WHERE verified = 0 AND mismatched = 0 AND fingerprint IN"
        " (SELECT fingerprint FROM contacts ORDER BY last_seen_unix DESC, fingerprint LIMIT -1 OFFSET ?)",
        (_MOST_CONTACTS,),
    )


def _history(connection: sqlite3.Connection, limit: int) -> tuple[HistoryEntry, ...]:
    rows = connection.execute(
        "SELECT call_id, fingerprint, alias, direction, started_unix, duration_s FROM history"
        " ORDER BY started_unix DESC, call_id DESC LIMIT ?",
        (limit,),
    )
    return tuple(
        HistoryEntry(
            call_id=call_id,
            fingerprint=Fingerprint(fingerprint),
            alias=alias,
            direction=direction,
            started_unix=started_unix,
            duration_s=duration_s,
        )
        for call_id, fingerprint, alias, direction, started_unix, duration_s in rows
    )


def _save_history(connection: sqlite3.Connection, entry: HistoryEntry) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?, ?, ?)",
        (
            entry.call_id,
            entry.fingerprint,
            _storable(entry.alias),
            entry.direction,
            entry.started_unix,
            entry.duration_s,
        ),
    )
    connection.execute(
        "DELETE FROM history WHERE call_id IN"
        " (SELECT call_id FROM history ORDER BY started_unix DESC, call_id DESC LIMIT -1 OFFSET ?)",
        (_MOST_CALLS,),
    )


def _storable(alias: str) -> str:
    """A peer chose it: it may hold lone surrogates, which no UTF-8 database takes."""
    return alias.encode("utf-8", "replace").decode()
