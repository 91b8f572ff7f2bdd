"""The desktop's services: one instance, notifications, ringtone."""

import shutil
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QProcess
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from wzp_desktop.native.notification import CallNotification
from wzp_desktop.native.ringtone import RINGTONE, Ringtone
from wzp_desktop.native.single_instance import SingleInstance

SERVICE = Path(__file__).with_name("notification_service.py")


@pytest.fixture
def runtime_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


def test_a_second_start_hands_its_link_to_the_first(qtbot: QtBot, runtime_folder: Path) -> None:
    first, second = SingleInstance("test"), SingleInstance("test")
    assert first.claim()
    assert not second.claim()
    with qtbot.waitSignal(first.asked) as asked:
        assert second.hand_over("wzp:abcd")
    assert asked.args == ["wzp:abcd"]
    first.release()
    assert second.claim(), "the place is free again"
    second.release()


def test_profiles_run_beside_each_other(qtbot: QtBot, runtime_folder: Path) -> None:
    one, other = SingleInstance("one"), SingleInstance("other")
    assert one.claim()
    assert other.claim()
    one.release()
    other.release()


def test_an_app_that_was_killed_does_not_block_the_next(qtbot: QtBot, runtime_folder: Path) -> None:
    (runtime_folder / "wzp-desktop-test").write_bytes(b"")
    instance = SingleInstance("test")
    assert instance.claim()
    with qtbot.waitSignal(instance.asked):
        assert SingleInstance("test").hand_over("")
    instance.release()


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A message bus of the test's own."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed: notifications were not tested")
    daemon = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert daemon.stdout is not None
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", daemon.stdout.readline().decode().strip())
    yield
    daemon.terminate()
    daemon.communicate()


def service(*action: str) -> "subprocess.Popen[str]":
    running = subprocess.Popen([sys.executable, SERVICE, *action], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    return running


def asked_of(running: "subprocess.Popen[str]") -> list[str]:
    assert running.stdout is not None
    return running.stdout.readline().rstrip("\n").split("|")


def end(running: "subprocess.Popen[str]") -> None:
    running.terminate()
    running.communicate()


@pytest.mark.parametrize(("action", "signal"), [("answer", "answered"), ("decline", "declined"), ("default", "opened")])
def test_a_call_is_answered_from_its_notification(qtbot: QtBot, bus: None, action: str, signal: str) -> None:
    running, notification = service(action), CallNotification()
    with qtbot.waitSignal(getattr(notification, signal)):
        notification.show_call("Swift <b>Hawk</b>", "<b>Verified</b>", answerable=True)
    member, signature, _, _, _, title, body, actions, *_ = asked_of(running)
    assert (member, signature) == ("Notify", "susssasa{sv}i")
    assert title == "Swift <b>Hawk</b> is calling"  # the title is plain text to the service, the body is markup
    assert body == "&lt;b&gt;Verified&lt;/b&gt;"
    assert "'answer', 'Answer', 'decline', 'Decline'" in actions
    notification.withdraw()
    assert asked_of(running) == ["CloseNotification", "u", "7"]
    notification.close()
    end(running)


def test_an_unprotected_call_offers_no_answer_in_its_notification(qtbot: QtBot, bus: None) -> None:
    running, notification = service(), CallNotification()
    notification.show_call("Fox", "", answerable=False)
    assert "'answer'" not in asked_of(running)[7]
    notification.close()
    end(running)


def test_a_notification_that_comes_too_late_is_taken_back(qtbot: QtBot, bus: None) -> None:
    running, notification = service(), CallNotification()
    notification.show_call("Fox", "", answerable=True)
    notification.withdraw()
    asked_of(running)
    qtbot.waitUntil(lambda: notification._bus is not None and notification._bus._asked is None)
    assert asked_of(running)[0] == "CloseNotification"
    notification.close()
    end(running)


def test_without_a_bus_nothing_happens(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
    notification = CallNotification()
    notification.show_call("Fox", "", answerable=True)
    notification.withdraw()
    notification.close()


def test_the_ringtone_is_two_seconds_of_sound() -> None:
    with wave.open(str(RINGTONE)) as sound:
        assert sound.getnframes() / sound.getframerate() == pytest.approx(2.0, abs=0.1)


def player(folder: Path, name: str, does: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{does}\n")
    (folder / name).chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows plays by itself")
def test_a_player_without_sound_makes_way_for_the_next(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    player(tmp_path, "paplay", "exit 1")
    player(tmp_path, "aplay", f'echo "$@" > {tmp_path}/played')
    monkeypatch.setenv("PATH", str(tmp_path))
    ringtone = Ringtone()
    ringtone.start()
    qtbot.waitUntil((tmp_path / "played").exists)
    ringtone.stop()
    assert (tmp_path / "played").read_text().split() == ["-q", str(RINGTONE)]


def test_a_computer_without_player_says_so(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    player(tmp_path, "paplay", "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    ringtone = Ringtone()
    with qtbot.waitSignal(ringtone.failed):
        ringtone.start()
    ringtone.stop()


def test_the_ringtone_ends_at_once(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    player(tmp_path, "paplay", f"touch {tmp_path}/begun; exec /bin/sleep 60")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    ringtone = Ringtone()
    ringtone._players = [("paplay",)]
    ringtone.start()
    qtbot.waitUntil((tmp_path / "begun").exists)
    ringtone.stop()
    assert ringtone._process.state() is QProcess.ProcessState.NotRunning
    assert QApplication.instance() is not None
