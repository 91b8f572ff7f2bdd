"""Push to talk, and screens that never claim to send what they do not."""

from dataclasses import replace

import pytest
from conftest import settle
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QCheckBox, QDialog, QProgressBar
from pytestqt.qtbot import QtBot
from ui_states import ACTIVE, CHOOSING, DIALLING, ENDED, INCOMING, LOBBY, ROOM, in_call, with_push_to_talk

from wzp_core.engine.commands import ChangeSettings, CompareSas, HangUp, HoldToTalk, SetMuted
from wzp_core.session.state import AppState, CallStage, Levels, RoomStage

CALL = with_push_to_talk(in_call(ACTIVE), sending=False)
IN_ROOM = with_push_to_talk(ROOM, sending=False)
SPACE = Qt.Key.Key_Space
HELD, RELEASED = HoldToTalk(True), HoldToTalk(False)
TALKING = pytest.mark.parametrize("state", [CALL, IN_ROOM], ids=["call", "room"])


@pytest.fixture
def desk(rested_desk):
    return rested_desk


def press(desk, key: Qt.Key = SPACE) -> None:
    QTest.keyPress(desk.window.windowHandle(), key)


def release(desk, key: Qt.Key = SPACE) -> None:
    QTest.keyRelease(desk.window.windowHandle(), key)


def repeat(desk) -> None:
    """What a held key sends again and again."""
    for kind in (QEvent.Type.KeyRelease, QEvent.Type.KeyPress):
        event = QKeyEvent(kind, SPACE, Qt.KeyboardModifier.NoModifier, " ", True)
        QApplication.sendEvent(desk.window.windowHandle(), event)


@TALKING
def test_holding_space_talks_until_it_is_released(desk, state: AppState) -> None:
    desk.show(state)
    press(desk)
    assert desk.take() == [HELD]
    for _ in range(3):
        repeat(desk)
    assert desk.take() == [], "a repeated key is neither pressed nor released"
    release(desk)
    assert desk.take() == [RELEASED]


@pytest.mark.parametrize(
    "state",
    [
        in_call(ACTIVE),
        replace(LOBBY, settings=CALL.settings),
        with_push_to_talk(in_call(INCOMING), sending=False),
        with_push_to_talk(in_call(DIALLING), sending=False),
        with_push_to_talk(in_call(ENDED), sending=False),
        replace(IN_ROOM, room=replace(IN_ROOM.room, stage=RoomStage.JOINING)),
    ],
    ids=["setting off", "lobby", "incoming", "dialling", "ended", "joining"],
)
def test_space_talks_only_where_somebody_could_hear_it(desk, state: AppState) -> None:
    desk.show(state)
    desk.window.setFocus()
    press(desk)
    release(desk)
    assert not any(isinstance(command, HoldToTalk) for command in desk.take())
    assert "Hold Space to talk" not in desk.words()


def test_space_talks_whatever_button_has_the_focus_and_enter_presses_it(desk) -> None:
    desk.show(with_push_to_talk(in_call(CHOOSING), sending=False))
    for name, pressed in (
        ("493 027", CompareSas(matches=True)),
        ("Mute", SetMuted(microphone=True)),
        ("Hang up", HangUp()),
    ):
        desk.control(name).setFocus(Qt.FocusReason.TabFocusReason)
        press(desk)
        release(desk)
        assert desk.take() == [HELD, RELEASED]
        press(desk, Qt.Key.Key_Return)
        release(desk, Qt.Key.Key_Return)
        assert desk.take() == [pressed]


@pytest.mark.parametrize("key", [SPACE, Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_without_push_to_talk_space_and_enter_press_buttons(desk, key: Qt.Key) -> None:
    desk.show(in_call(CHOOSING))
    for name, pressed in (("493 027", CompareSas(matches=True)), ("Hang up", HangUp())):
        desk.control(name).setFocus(Qt.FocusReason.TabFocusReason)
        press(desk, key)
        release(desk, key)
        assert desk.take() == [pressed]


@TALKING
def test_losing_the_focus_of_the_window_ends_talking(desk, state: AppState) -> None:
    desk.show(state)
    press(desk)
    other = QDialog()
    other.show()
    other.activateWindow()
    settle()
    assert desk.take() == [HELD, RELEASED]
    other.deleteLater()


def test_a_dialog_over_the_call_keeps_space_for_itself(desk) -> None:
    desk.show(CALL)
    press(desk)
    desk.window.open_settings()
    settle()
    assert desk.take()[-1] == RELEASED
    switch = desk.control("Automatic gain", QCheckBox)
    switch.setFocus()
    QTest.keyClick(switch.window().windowHandle(), SPACE)
    (command,) = desk.take()
    assert isinstance(command, ChangeSettings)


@pytest.mark.parametrize("after", [
    replace(CALL, settings=LOBBY.settings), LOBBY, with_push_to_talk(in_call(ENDED), sending=False)
], ids=["setting off", "lobby", "ended"])  # fmt: skip
def test_talking_ends_when_there_is_nobody_left_to_talk_to(desk, after: AppState) -> None:
    desk.show(CALL)
    press(desk)
    desk.show(after)
    assert desk.take() == [HELD, RELEASED]
    release(desk)
    assert desk.take() == []


@TALKING
def test_the_button_talks_while_it_is_pressed_even_when_the_finger_slides_off(
    desk, qtbot: QtBot, state: AppState
) -> None:
    desk.show(state)
    button = desk.control("Hold Space to talk", QAbstractButton)
    qtbot.mousePress(button, Qt.MouseButton.LeftButton)
    qtbot.mouseMove(button, QPoint(-200, -200))
    assert desk.take() == [HELD]
    qtbot.mouseRelease(button, Qt.MouseButton.LeftButton, pos=QPoint(-200, -200))
    assert desk.take() == [RELEASED]


def test_key_and_button_together_are_one_hold(desk, qtbot: QtBot) -> None:
    desk.show(CALL)
    button = desk.control("Hold Space to talk", QAbstractButton)
    press(desk)
    qtbot.mousePress(button, Qt.MouseButton.LeftButton)
    release(desk)
    assert desk.take() == [HELD]
    qtbot.mouseRelease(button, Qt.MouseButton.LeftButton)
    assert desk.take() == [RELEASED]


@TALKING
def test_what_is_shown_is_what_the_engine_says_and_not_what_is_pressed(desk, state: AppState) -> None:
    desk.show(state)
    press(desk)
    assert "Talking" not in desk.words()
    desk.show(replace(state, sending_voice=True))
    assert desk.control("Talking").isVisible()
    release(desk)
    assert desk.control("Talking").isVisible(), "the release delay still sends"
    desk.show(state)
    assert desk.control("Hold Space to talk").isVisible()
    desk.show(replace(state, mic_muted=True))
    assert desk.control("You are muted").isVisible()


@pytest.mark.parametrize("state", [in_call(ACTIVE), ROOM], ids=["call", "room"])
def test_mute_shows_what_the_engine_says(desk, state: AppState) -> None:
    for muted in (True, False):
        desk.show(replace(state, mic_muted=muted, sending_voice=not muted))
        button = desk.control("Unmute" if muted else "Mute", QAbstractButton)
        assert button.isChecked() is muted
        button.click()
        assert button.isChecked() is muted, "a click only asks"
        assert desk.take() == [SetMuted(microphone=not muted)]


@pytest.mark.parametrize(
    ("state", "theme"), [(IN_ROOM, "light"), (in_call(ACTIVE), "light"), (CALL, "light"), (CALL, "dark")]
)
def test_the_meter_is_grey_while_nobody_hears_the_microphone(desk, state: AppState, theme: str) -> None:
    state = replace(state, levels=Levels(microphone=1.0, speaker=0.5))
    meter = None
    for sending in (True, False):
        desk.show(replace(state, sending_voice=sending), theme=theme)
        meter = desk.control("Microphone level", QProgressBar)
        colour = meter.grab().toImage().pixelColor(meter.width() // 2, meter.height() // 2)
        assert (colour.hsvSaturation() > 80) is sending
        assert meter.accessibleDescription() == ("" if sending else "Nobody hears you")


def test_a_reconnecting_call_can_be_talked_to(desk) -> None:
    desk.show(with_push_to_talk(in_call(replace(ACTIVE, stage=CallStage.RECONNECTING)), sending=False))
    press(desk)
    assert desk.take() == [HELD]
