"""The report of a fault: what helps is in it, and nothing that tells who somebody is or where."""

import logging
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from conftest import settle
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from ui_states import CHECKED, HAWK, LOBBY, ME, READING, ROOM, fp, in_call, tls

from wzp_core.logs import RecentLines
from wzp_core.settings.schema import RelayEntry, RelaySettings, Settings
from wzp_desktop.app import Desk
from wzp_desktop.bridge import Bridge
from wzp_desktop.native.single_instance import SingleInstance
from wzp_desktop.presenters.redaction import Redactor
from wzp_desktop.presenters.report import report_text

TOKEN = "hunter2-hunter2"  # noqa: S105
SETTINGS = Settings(
    relay=RelaySettings(relays=(RelayEntry(name="Attic", address="attic.example.net:4433", token=TOKEN),))
)
LINES = (
    "2026-11-28 01:41:08,352 INFO media:sending codec=Opus24k lifeboat=False",
    f"2026-11-28 01:41:09,000 INFO relay:client_registered fingerprint={HAWK.fingerprint} clients=2",
    f"2026-11-28 01:41:10,000 INFO relay:key_changed address=attic.example.net:4433 new={tls('bb')}",
    "2026-11-28 01:41:11,000 WARNING path:ended error='unreachable addr=203.0.113.77:40123 via=[2001:db8::7]:9'",
    "2026-11-28 01:41:12,000 INFO room:joined room='kitchen table' alias=Swift",
    "2026-11-28 01:41:13,000 INFO recording:begun file=/srv/otter/rec/a.wav by otter on ottertop",
    "2026-11-28 01:41:14,000 INFO relay:registered address=127.0.0.1:4434",
)


def made(state=LOBBY) -> str:
    return report_text(state, {"version": "1.2.3"}, LINES, home="/srv/otter", own={"otter", "ottertop"})


def test_a_report_has_what_helps() -> None:
    text = made(replace(CHECKED, call=READING))
    wanted = (
        "version: 1.2.3", "USB headset", "codec=Opus24k", "127.0.0.1:4434", "Direct connection", "call: active",
        "audio.push_to_talk = True", "2026-11-28 01:41:08,352", "~/rec/a.wav", "does not answer",
    )  # fmt: skip
    assert [each for each in wanted if each not in text] == []


@pytest.mark.parametrize(
    "state", [in_call(READING), ROOM, replace(LOBBY, settings=SETTINGS)], ids=["call", "room", "lobby"]
)
def test_a_report_tells_neither_who_nor_where(state) -> None:
    text = made(replace(state, backup_words="abandon ability able", settings=SETTINGS))
    secrets = [
        ME.fingerprint, HAWK.fingerprint, str(fp(2))[:19], tls("bb"), "Swift", "Lunar Otter", "Solar Puma", "Attic",
        "attic.example", TOKEN, "203.0.113.77", "2001:db8", "kitchen", "otter", "abandon", "general", "Berlin",
    ]  # fmt: skip
    assert [secret for secret in secrets if secret in text] == []


def test_what_was_the_same_is_still_seen_to_be_the_same() -> None:
    redacted = Redactor(["Anna"])
    assert redacted("Anna at 203.0.113.7:1") == redacted("Anna at 203.0.113.7:1")
    assert redacted("203.0.113.7") != redacted("203.0.113.8")
    assert redacted("10.0.0.7").startswith("<private")
    assert redacted("Annabel") == "Annabel", "only whole names"


@given(st.ip_addresses(v=4), st.ip_addresses(v=6), st.binary(min_size=16, max_size=16), st.text(max_size=40))
def test_no_address_and_no_fingerprint_comes_through(v4: IPv4Address, v6: IPv6Address, raw: bytes, around: str) -> None:
    digits = raw.hex()
    fingerprint = ":".join(digits[at : at + 4] for at in range(0, 32, 4))
    text = Redactor([])(f"{around} a={v4}:9 b=[{v6}]:9 c={fingerprint} d={digits} {around}")
    kept = {str(v4) if not v4.is_loopback else "-", str(v6) if not v6.is_loopback else "-", fingerprint, digits}
    for each in kept - {"::", "0.0.0.0"}:
        assert f"={each}" not in text
        assert f"[{each}]" not in text


def test_the_log_keeps_the_last_lines_only_and_bounds_each() -> None:
    kept = RecentLines(kept=3)
    for number in range(10):
        kept.handle(logging.LogRecord("wzp.x", logging.INFO, "", 0, f"line {number} {'x' * 9000}", None, None))
    assert [line.split()[4] for line in kept.lines()] == ["7", "8", "9"]
    assert max(map(len, kept.lines())) <= 4000


@pytest.fixture
def app(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
    bridge = Bridge()
    desk = Desk(bridge, SingleInstance("test"))
    desk.open("")
    bridge.publish(LOBBY)
    settle()
    desk._window.open_settings()
    yield desk._window
    desk.close()
    desk._window.hide()
    desk._window.deleteLater()
    desk.deleteLater()
    settle()


def save(window, target: Path) -> str:
    """What the settings say after the user chose that file."""
    report = window._settings.report
    report._save.click()
    chooser = report.findChild(QFileDialog)
    chooser.fileSelected.emit(str(target))
    chooser.reject()
    settle()
    return report._outcome.text().replace("\u200b", "")


def test_the_report_is_saved_where_the_user_says(app, tmp_path: Path) -> None:
    target = tmp_path / "report.txt"
    assert save(app, target) == f"Saved as {target}. Read it before you send it."
    assert app._settings.report._outcome.visibleRegion().boundingRect().height() > 0, "it is scrolled into view"
    text = target.read_text(encoding="utf-8")
    assert "WZP Desktop, report of a fault" in text
    assert "Swift Hawk" not in text


def test_a_report_that_cannot_be_saved_says_what_to_do(app, tmp_path: Path) -> None:
    assert save(app, tmp_path / "none" / "report.txt").endswith("could not be written. Choose another folder.")
