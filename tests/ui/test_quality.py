"""Choosing the quality of what is sent: in the settings, in a call and in a room."""

import re
from dataclasses import replace

import pytest
from conftest import settle
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import QAbstractButton, QSlider, QWidget
from pytestqt.qtbot import QtBot
from ui_states import ACTIVE, LOBBY, ROOM, in_call

from wzp_core.engine.commands import ChangeSettings
from wzp_core.protocol.profile import CodecId
from wzp_core.session.state import AppState
from wzp_core.settings.schema import QUALITIES
from wzp_desktop.presenters.quality import QUALITY_STOPS
from wzp_desktop.presenters.words import heard_as
from wzp_desktop.views.settings.dialog import SettingsDialog

TALKING = pytest.mark.parametrize("state", [in_call(ACTIVE), ROOM], ids=["call", "room"])


@pytest.fixture
def desk(rested_desk):
    return rested_desk


def with_quality(state: AppState, quality: str) -> AppState:
    return replace(state, settings=replace(state.settings, call=replace(state.settings.call, quality=quality)))


def chosen(desk) -> list[str]:
    return [command.settings.call.quality for command in desk.take() if isinstance(command, ChangeSettings)]


def unfolded(desk, state: AppState, **look: object) -> QSlider:
    desk.show(state, **look)
    button = desk.control(f"Quality: {label_of(state)}", QAbstractButton)
    button.setChecked(False)
    button.click()
    settle()
    return desk.control("Quality", QSlider)


def label_of(state: AppState) -> str:
    return next(stop.label for stop in QUALITY_STOPS if stop.value == state.settings.call.quality)


def test_every_quality_of_the_settings_has_a_stop_under_its_known_name() -> None:
    assert [stop.value for stop in QUALITY_STOPS] == list(QUALITIES)
    assert len({stop.meaning for stop in QUALITY_STOPS}) == len({stop.label for stop in QUALITY_STOPS}) == 9


def test_codecs_and_rates_are_a_hint_and_never_the_name() -> None:
    for stop in QUALITY_STOPS:
        assert not re.search(r"\d|opus|codec|kbit", stop.label + stop.meaning, re.IGNORECASE)
        assert re.search(r"Opus|Codec2", stop.technical)
    heard = [heard_as(kind.wire_name) for kind in CodecId]
    assert len(heard) >= 7
    assert [name for name, _ in heard if re.search(r"\d|opus|codec|_", name, re.IGNORECASE)] == []


def test_arrow_keys_lead_over_all_stops_and_each_says_what_it_means(desk, qtbot: QtBot) -> None:
    desk.show(with_quality(LOBBY, "studio-64k"))
    desk.window.open_settings()
    slider = desk.control("Quality", QSlider)
    assert slider.accessibleDescription() == "Best"
    for stop in QUALITY_STOPS[1:]:
        qtbot.keyClick(slider, Qt.Key.Key_Right)
        assert chosen(desk) == [stop.value]
        assert slider.accessibleDescription() == stop.label
        assert stop.meaning in desk.words()
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert chosen(desk) == [], "there is nothing beyond the last stop"
    qtbot.keyClick(slider, Qt.Key.Key_Up)
    assert chosen(desk) == ["codec2-1200"], "up is better"


@TALKING
def test_the_quality_is_chosen_while_talking(desk, qtbot: QtBot, state: AppState) -> None:
    slider = unfolded(desk, with_quality(state, "auto"))
    assert slider.hasFocus(), "the arrow keys work at once"
    qtbot.keyClick(slider, Qt.Key.Key_Left)
    assert chosen(desk) == ["studio-32k"]
    desk.show(with_quality(state, "studio-32k"))
    desk.control("Quality: Good").click()
    assert not slider.isVisible()


def test_a_state_from_before_the_choice_does_not_take_it_back(desk, qtbot: QtBot) -> None:
    before = with_quality(in_call(ACTIVE), "auto")
    slider = unfolded(desk, before)
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    desk.show(replace(before, mic_muted=True))
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert chosen(desk) == ["good", "degraded"]
    desk.show(with_quality(before, "lifeboat"))
    assert slider.accessibleDescription() == "Last resort", "but the settings are followed"


def test_dragging_tells_the_stop_and_chooses_it_only_when_let_go(desk, qtbot: QtBot) -> None:
    slider = unfolded(desk, with_quality(in_call(ACTIVE), "studio-64k"))
    y = slider.height() // 2
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(16, y))
    qtbot.mouseMove(slider, QPoint(slider.width() - 4, y))
    assert "Last resort" in desk.words()
    assert chosen(desk) == []
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() - 4, y))
    assert chosen(desk) == ["lifeboat"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_track_runs_from_green_to_dark_red(desk, theme: str) -> None:
    slider = unfolded(desk, with_quality(in_call(ACTIVE), "good"), theme=theme)
    picture, y = slider.grab().toImage(), slider.height() // 2 - 4  # above the dots
    best, worst = picture.pixelColor(20, y), picture.pixelColor(slider.width() - 20, y)
    assert best.green() > 1.5 * best.red()
    assert worst.red() > 4 * worst.green()


@TALKING
def test_the_unfolded_slider_is_seen_whole_at_200_percent_on_a_small_screen(desk, state: AppState) -> None:
    desk.window.resize(QSize(800, 600))
    setting = unfolded(desk, state, scale_percent=200).parentWidget()
    settle()
    assert isinstance(setting, QWidget)
    assert setting.visibleRegion().boundingRect() == setting.rect()


def test_the_settings_follow_a_choice_made_in_a_call(desk) -> None:
    desk.show(with_quality(in_call(ACTIVE), "auto"))
    desk.window.open_settings()
    desk.show(with_quality(in_call(ACTIVE), "degraded"))
    dialog = desk.window.findChild(SettingsDialog)
    (slider,) = [each for each in dialog.findChildren(QSlider) if each.accessibleName() == "Quality"]
    assert slider.accessibleDescription() == "Simple"
