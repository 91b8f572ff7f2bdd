import asyncio
import contextlib
import sqlite3
import stat
from dataclasses import replace

import pytest

from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.database import Database
from wzp_core.io.phonebook import SqlitePhoneBook
from wzp_core.io.relay_trust import SqliteRelayTrust
from wzp_core.ports import Contact, HistoryEntry, PhoneBook, RelayTrust
from wzp_core.protocol.ids import Fingerprint, TlsFingerprint

ALICE = Contact(fingerprint=Fingerprint("aa"), alias="alice", verified=True, end_to_end=True, last_seen_unix=5)
BOB = Contact(fingerprint=Fingerprint("bb"), alias="Bob", mismatched=True)
FIRST_VERSION = """
CREATE TABLE contacts (
    fingerprint TEXT PRIMARY KEY, alias TEXT NOT NULL, verified INTEGER NOT NULL, mismatched INTEGER NOT NULL,
    end_to_end INTEGER NOT NULL, last_seen_unix INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE history (
    call_id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, alias TEXT NOT NULL, direction TEXT NOT NULL,
    started_unix INTEGER NOT NULL, duration_s INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE relays (address TEXT PRIMARY KEY, fingerprint TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO contacts VALUES ('aa', 'alice', 1, 0, 1, 5);
PRAGMA user_version = 1;
"""
OLD, NEW = TlsFingerprint("11"), TlsFingerprint("22")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "profile" / "phonebook.sqlite"


def book_at(path) -> PhoneBook:
    return SqlitePhoneBook(Database(path))


def trust_at(path) -> RelayTrust:
    return SqliteRelayTrust(Database(path))


def call(number: int, **facts) -> HistoryEntry:
    made = {"fingerprint": ALICE.fingerprint, "alias": "alice", "direction": "placed", "started_unix": number}
    return HistoryEntry(call_id=f"call{number}", **(made | facts))


async def test_contacts_survive_a_restart_by_alias(path):
    await book_at(path).save_contact(BOB)
    await book_at(path).save_contact(ALICE)
    assert await book_at(path).contacts() == (ALICE, BOB)


async def test_a_file_of_the_first_version_keeps_its_contacts_and_learns_volumes(path):
    path.parent.mkdir(mode=0o700)
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(FIRST_VERSION)
    assert await book_at(path).contacts() == (ALICE,)
    louder = replace(ALICE, volume_percent=150)
    await book_at(path).save_contact(louder)
    assert await book_at(path).contacts() == (louder,)


async def test_programs_that_begin_one_file_at_once_do_not_disturb_each_other(path):
    await asyncio.gather(*(book_at(path).save_contact(ALICE) for _ in range(8)))
    assert await book_at(path).contacts() == (ALICE,)


async def test_a_contact_is_replaced_not_doubled(path):
    book = book_at(path)
    await book.save_contact(ALICE)
    renamed = Contact(fingerprint=ALICE.fingerprint, alias="Alicia")
    await book.save_contact(renamed)
    assert await book.contacts() == (renamed,)


async def test_history_is_newest_first_and_replaced_by_call(path):
    book = book_at(path)
    for number in (1, 3, 2):
        await book.save_history(call(number))
    await book.save_history(call(2, duration_s=60, direction="missed"))
    assert await book.history() == (call(3), call(2, duration_s=60, direction="missed"), call(1))
    assert await book.history(limit=1) == (call(3),)


async def test_only_the_newest_200_calls_are_kept(path):
    book = book_at(path)
    await book.save_history(call(1))
    with sqlite3.connect(path) as connection:
        rows = [(f"call{n}", "aa", "alice", "placed", n, 0) for n in range(2, 250)]
        connection.executemany("INSERT INTO history VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.close()
    await book.save_history(call(250))
    kept = await book.history(limit=1000)
    assert [entry.started_unix for entry in kept] == list(range(250, 50, -1))


async def test_strangers_seen_longest_ago_are_forgotten_but_no_judged_contact(path):
    book = book_at(path)
    await book.save_contact(ALICE)
    await book.save_contact(BOB)
    with sqlite3.connect(path) as connection:
        rows = [(f"x{n}", "", 0, 0, 0, 100 + n) for n in range(2000)]
        connection.executemany("INSERT INTO contacts VALUES (?, ?, ?, ?, ?, ?, 100)", rows)
    connection.close()
    await book.save_contact(Contact(fingerprint=Fingerprint("new"), last_seen_unix=10_000))
    kept = {contact.fingerprint for contact in await book.contacts()}
    assert {"aa", "bb", "new", "x1999"} <= kept
    assert "x0" not in kept
    assert len(kept) == 2002


async def test_a_cleared_history_leaves_the_contacts(path):
    book = book_at(path)
    await book.save_contact(ALICE)
    await book.save_history(call(1))
    await book.clear_history()
    assert await book.history() == ()
    assert await book.contacts() == (ALICE,)


async def test_an_alias_that_no_text_file_can_hold_is_stored_as_near_as_possible(path):
    book = book_at(path)
    await book.save_contact(Contact(fingerprint=ALICE.fingerprint, alias="a\udc80'; DROP TABLE contacts; --"))
    (contact,) = await book.contacts()
    assert contact.alias == "a?'; DROP TABLE contacts; --"


async def test_a_relay_is_remembered_by_address_whatever_its_case(path):
    trust = trust_at(path)
    assert await trust.known("relay.example:4433") is None
    await trust.remember("Relay.Example:4433", OLD)
    assert await trust_at(path).known("relay.example:4433") == OLD
    await trust.remember("relay.example:4433", NEW)
    assert await trust.known("relay.example:4433") == NEW
    assert await trust.known("relay.example:4434") is None


async def test_both_kinds_live_in_one_file_that_only_its_owner_may_read(path):
    await asyncio.gather(trust_at(path).remember("a:1", OLD), *(book_at(path).save_history(call(n)) for n in range(20)))
    assert await trust_at(path).known("a:1") == OLD
    assert len(await book_at(path).history()) == 20
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\x00" + b"\xff" * 4000])
async def test_a_damaged_file_is_kept_aside_reported_and_replaced(path, content, caplog):
    path.parent.mkdir()
    path.write_bytes(content)
    book = book_at(path)
    with caplog.at_level("ERROR"):
        assert await book.contacts() == ()
    await book.save_contact(ALICE)
    assert await book.contacts() == (ALICE,)
    assert path.with_name("phonebook.sqlite.damaged").read_bytes() == content
    assert "database:damaged" in caplog.text


async def test_a_file_of_a_newer_program_is_left_alone(path):
    book = book_at(path)
    await book.save_contact(ALICE)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(Unavailable) as caught:
        await book.contacts()
    assert caught.value.code is ErrorCode.BAD_FILE
    assert path.exists()


async def test_a_folder_in_the_way_is_an_error_of_ours(path):
    path.mkdir(parents=True)
    with pytest.raises(Unavailable):
        await book_at(path).contacts()
