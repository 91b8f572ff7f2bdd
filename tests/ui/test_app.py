"""The composition: what an incoming call sets off, and how the program starts and ends."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest
from conftest import settle
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot
from ui_states import ACTIVE, INCOMING, LOBBY, NAMELESS, fp, in_call

from wzp_core.engine.commands import Answer, AnswerCall
from wzp_desktop.app import Desk
from wzp_desktop.bridge import Bridge
from wzp_desktop.native.single_instance import SingleInstance
from wzp_desktop.views.main_window import MainWindow

Parts: TypeAlias = tuple[Desk, Bridge, MainWindow, list[object]]
ROOT = Path(__file__).resolve().parents[2]
STARTED = """
import sys
from contextlib import contextmanager
from PySide6.QtCore import QTimer
from wzp_core.session.state import AppState
from wzp_desktop.app import Options, run_app

class Host:
    def post(self, command): print("posted", command)

@contextmanager
def make_host(options, publish, fail):
    print("options", options)
    publish(AppState(unlock_needed=True))
    QTimer.singleShot(0, lambda: __import__("os").kill(__import__("os").getpid(), 15))
    yield Host()
    print("host ended")

sys.exit(run_app(Options(profile="test", relay="r:1", link=sys.argv[1]), make_host))
"""


@pytest.fixture
def parts(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Desk, Bridge, MainWindow, list]]:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
    monkeypatch.setenv("PATH", str(tmp_path))  # no player: silent, and nothing is started
    bridge, posted = Bridge(), list[object]()
    bridge.connect_engine(posted.append)
    desk = Desk(bridge, SingleInstance("test"))
    yield desk, bridge, desk._window, posted
    desk.close()
    desk._window.hide()
    desk._window.deleteLater()
    desk.deleteLater()
    settle()


def test_an_incoming_call_rings_and_brings_the_window_up(parts) -> None:
    desk, bridge, window, _ = parts
    bridge.publish(in_call(INCOMING))
    settle()
    assert window.isVisible()
    assert desk._ringtone._again.isActive()
    bridge.publish(in_call(ACTIVE))
    settle()
    assert not desk._ringtone._again.isActive()


def test_the_notification_answers_the_call_it_tells_of(parts) -> None:
    desk, bridge, _, posted = parts
    bridge.publish(in_call(INCOMING))
    settle()
    desk._notification.answered.emit()
    desk._notification.declined.emit()
    assert posted == [AnswerCall(INCOMING.call_id, Answer.TRUSTED), AnswerCall(INCOMING.call_id, Answer.DECLINE)]
    bridge.publish(LOBBY)
    settle()
    desk._notification.answered.emit()
    assert len(posted) == 2, "a call that is over cannot be answered"


def test_no_timer_runs_in_an_idle_lobby(parts) -> None:
    desk, bridge, window, _ = parts
    window.show()
    for state in (in_call(INCOMING), in_call(ACTIVE), LOBBY):
        bridge.publish(state)
        settle()
    timers = [*window.findChildren(QTimer), *desk.findChildren(QTimer), *bridge.findChildren(QTimer)]
    assert timers
    assert [timer for timer in timers if timer.isActive()] == []


def test_a_link_is_put_into_the_dial_field_only_if_it_is_a_fingerprint(parts) -> None:
    desk, bridge, window, posted = parts
    bridge.publish(LOBBY)
    settle()
    field = next(each for each in window.findChildren(QLineEdit) if each.accessibleName() == "Fingerprint to call")
    desk.open("wzp:<script>")
    assert field.text() == ""
    desk.open(f"wzp:{NAMELESS.fingerprint}")
    assert field.text() == NAMELESS.fingerprint
    assert posted == []


def test_closing_to_the_tray_tells_once_that_the_program_goes_on_and_always_of_a_call(
    parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, bridge, window, _ = parts
    told = list[str]()
    monkeypatch.setattr(desk._tray, "is_there", lambda: True)
    monkeypatch.setattr(desk._tray, "tell", lambda title, _: told.append(title))
    for state in (LOBBY, LOBBY, in_call(ACTIVE), in_call(ACTIVE)):
        bridge.publish(state)
        settle()
        window.closed.emit()
    assert told == ["WZP keeps running.", *["You are in a call with Silent Fox."] * 2]


def test_an_end_that_was_confirmed_is_not_asked_about_again(parts, qapp: QApplication) -> None:
    _, bridge, window, _ = parts
    window.show()
    bridge.publish(in_call(ACTIVE))
    settle()
    still_runs = QTimer(window, singleShot=True, interval=2000)
    still_runs.timeout.connect(lambda: qapp.exit(1))
    still_runs.start()
    QTimer.singleShot(0, window.quit_wanted.emit)
    assert qapp.exec() == 0


def test_another_caller_rings_anew_and_the_same_one_only_once(parts) -> None:
    desk, bridge, _, _ = parts
    bridge.publish(in_call(INCOMING))
    settle()
    first = desk._announced
    bridge.publish(replace(in_call(INCOMING), mic_muted=True))
    settle()
    assert desk._announced is first


def run(*arguments: str, folder: Path, script: str | None = None) -> "subprocess.CompletedProcess[str]":
    folder.chmod(0o700)
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder), "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
    start = ["-c", script] if script else ["-m", "wzp_desktop"]
    return subprocess.run(
        [sys.executable, *start, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_the_app_starts_an_engine_and_ends_it_on_a_signal(tmp_path: Path) -> None:
    done = run(f"wzp:{fp(3)}", folder=tmp_path, script=STARTED)
    assert done.returncode == 0, done.stderr
    assert "relay='r:1'" in done.stdout
    assert done.stdout.endswith("host ended\n")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [(["--version"], 0, "wzp-desktop 0."), (["--help"], 0, "--relay-only"), (["--profile", "../x"], 2, "not a profile"),
     (["--relay", "host:port"], 2, "not host:port"), (["--relay-only", "--version"], 0, "wzp-relay")],
)  # fmt: skip
def test_the_command_line_is_checked_without_a_screen(
    arguments: list[str], code: int, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "none such: loading Qt would fail")
    done = run(*arguments, folder=tmp_path)
    assert done.returncode == code
    assert told in done.stdout + done.stderr
