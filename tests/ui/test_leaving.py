"""Closing the window, and what brings it back."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from conftest import settle
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot
from ui_states import ACTIVE, DIALLING, ENDED, INCOMING, LOBBY, ROOM, SETTINGS, in_call

from wzp_core.session.state import AppState
from wzp_desktop.views.buttons import with_mnemonic
from wzp_desktop.views.leaving import LeavingQuestion
from wzp_desktop.views.main_window import MainWindow
from wzp_desktop.views.settings.dialog import SettingsDialog


@pytest.fixture
def opened(qtbot: QtBot) -> Iterator[Callable[..., tuple[MainWindow, list[str]]]]:
    """A window, in a desktop with a tray or without, and what was asked of the program."""
    windows: list[MainWindow] = []

    def make(state: AppState, *, tray: bool) -> tuple[MainWindow, list[str]]:
        window, closed = MainWindow(lambda: tray), list[str]()
        window.closed.connect(lambda: closed.append("closed"))
        window.quit_wanted.connect(lambda: closed.append("quit"))
        windows.append(window)
        window.show()
        window.apply(state)
        settle()
        return window, closed

    yield make
    for window in windows:
        window.apply(LOBBY)
        window.hide()
        window.deleteLater()
    settle()


def question(window: MainWindow) -> LeavingQuestion:
    return window.findChild(LeavingQuestion)


def press(window: MainWindow, name: str) -> None:
    next(each for each in question(window).findChildren(QPushButton) if each.accessibleName() == name).click()
    settle()


TALKING = pytest.mark.parametrize(
    ("state", "told"),
    [
        (in_call(ACTIVE), "You are in a call with Silent Fox."),
        (in_call(DIALLING), "You are in a call with Silent Fox."),
        (in_call(INCOMING), "Swift Hawk is calling you."),
        (ROOM, "You are in the room general."),
    ],
    ids=["call", "dialling", "incoming", "room"],
)


@TALKING
def test_closing_asks_before_it_ends_a_call(opened, state: AppState, told: str) -> None:
    window, closed = opened(state, tray=False)
    window.close()
    settle()
    assert window.isVisible()
    assert question(window).isVisible()
    assert told in [each.text() for each in question(window).findChildren(QLabel)]
    press(window, "Stay")
    assert (window.isVisible(), closed) == (True, [])
    window.close()
    press(window, "End and close")
    assert closed == ["quit"]


def test_escape_stays(opened, qtbot: QtBot) -> None:
    window, closed = opened(in_call(ACTIVE), tray=False)
    window.close()
    settle()
    qtbot.keyClick(question(window), Qt.Key.Key_Escape)
    assert (question(window).isVisible(), window.isVisible(), closed) == (False, True, [])


@pytest.mark.parametrize("state", [LOBBY, in_call(ENDED)], ids=["lobby", "ended"])
def test_closing_asks_nothing_where_nothing_ends(opened, state: AppState) -> None:
    window, closed = opened(state, tray=False)
    window.close()
    assert closed == ["quit"]


@TALKING
def test_ending_the_program_from_the_tray_asks_too_and_shows_what_it_asks_about(
    opened, state: AppState, told: str
) -> None:
    window, closed = opened(state, tray=True)
    window.close()
    window.quit()
    settle()
    assert (window.isVisible(), closed) == (True, ["closed"])
    assert told in [each.text() for each in question(window).findChildren(QLabel)]
    press(window, "End and close")
    assert closed == ["closed", "quit"]


def test_with_a_tray_the_call_goes_on_unasked(opened) -> None:
    window, closed = opened(in_call(ACTIVE), tray=True)
    window.close()
    assert (window.isVisible(), question(window).isVisible(), closed) == (False, False, ["closed"])


def test_the_question_goes_with_the_call(opened) -> None:
    window, _ = opened(in_call(ACTIVE), tray=False)
    window.close()
    settle()
    window.apply(in_call(ENDED))
    assert not question(window).isVisible()


def test_an_incoming_call_brings_a_minimised_window_up_as_large_as_it_was(opened) -> None:
    window, _ = opened(LOBBY, tray=True)
    window.showMaximized()
    window.setWindowState(window.windowState() | Qt.WindowState.WindowMinimized)
    settle()
    assert window.isMinimized()
    window.show_call()
    assert not window.isMinimized()
    assert window.isMaximized()


def test_an_incoming_call_can_be_answered_at_once_while_the_settings_are_open(opened) -> None:
    window, _ = opened(SETTINGS, tray=True)
    window.open_settings()
    settings = window.findChild(SettingsDialog)
    assert settings.isVisible()
    window.apply(replace(SETTINGS, call=INCOMING))
    assert not settings.isVisible()


@pytest.mark.parametrize(("name", "letter"), [("Answer", "A"), ("Answer privately", "P"), ("Decline", "D")])
def test_each_answer_has_a_key_that_nobody_types_by_accident(opened, qtbot: QtBot, name: str, letter: str) -> None:
    window, _ = opened(in_call(INCOMING), tray=True)
    sent: list[object] = []
    window.command.connect(sent.append)
    window.activateWindow()
    key = getattr(Qt.Key, f"Key_{letter}")
    qtbot.keyClick(window, key)
    assert sent == []
    qtbot.keyClick(window, key, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: len(sent) == 1)
    assert sent[0].answer.name == {"Answer": "TRUSTED", "Answer privately": "PRIVATE", "Decline": "DECLINE"}[name]


def test_a_strangers_ampersand_is_no_key() -> None:
    assert with_mnemonic("Rock & Roll", "") == "Rock && Roll"
    assert with_mnemonic("Answer privately", "p") == "Answer &privately"
