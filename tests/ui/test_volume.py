"""How loud one person is heard: in a call, in a room, and for everybody."""

from dataclasses import replace

import pytest
from conftest import settle
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QListView, QSlider, QWidget
from pytestqt.qtbot import QtBot
from ui_states import ACTIVE, FOX, HAWK, LOBBY, ME, PUMA, ROOM, in_call

from wzp_core.engine.commands import ChangeSettings, SetVolume
from wzp_core.session.state import AppState, NoAudioReason, Volume
from wzp_desktop.models.roster import roster_face
from wzp_desktop.presenters.room import RosterMember, room_screen

HINT = "Choose somebody to change how loud you hear them."


@pytest.fixture
def desk(rested_desk):
    return rested_desk


def in_call_at(volume: Volume) -> AppState:
    return in_call(replace(ACTIVE, volume=volume))


def room_with(**volumes: Volume) -> AppState:
    """By alias; `guest` for the nameless one."""
    members = tuple(
        replace(member, volume=volumes.get((member.alias.split() or ["guest"])[-1].lower(), Volume()))
        for member in ROOM.room.participants
    )
    return replace(ROOM, room=replace(ROOM.room, participants=members))


def roster(desk) -> QListView:
    return desk.control("People in the room", QListView)


def choose(desk, name: str) -> None:
    people = roster(desk)
    rows = [people.model().index(row, 0) for row in range(people.model().rowCount())]
    people.setCurrentIndex(next(index for index in rows if index.data() == name))
    settle()


def volume_controls(desk) -> list[str]:
    named = [each.accessibleName() for each in desk.window.findChildren(QSlider) if each.isVisible()]
    return [name for name in named if name.startswith("Volume of ")]


def test_in_a_call_the_slider_sets_the_peers_volume_at_once(desk, qtbot: QtBot) -> None:
    desk.show(in_call(ACTIVE))
    slider = desk.control("Volume of Silent Fox", QSlider)
    assert (slider.minimum(), slider.value(), slider.maximum()) == (0, 100, 200)
    assert slider.accessibleDescription() == "100 %"
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert desk.take() == [SetVolume(FOX.fingerprint, percent=105, muted=False)]
    assert "105 %" in desk.words()
    for key, percent in ((Qt.Key.Key_End, 200), (Qt.Key.Key_PageDown, 175), (Qt.Key.Key_Home, 0), (Qt.Key.Key_Up, 5)):
        qtbot.keyClick(slider, key)
        assert desk.take() == [SetVolume(FOX.fingerprint, percent=percent, muted=False)]


def test_the_mouse_finds_whole_steps(desk, qtbot: QtBot) -> None:
    desk.show(in_call(ACTIVE))
    slider = desk.control("Volume of Silent Fox", QSlider)
    middle = slider.rect().center()
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=middle)
    for right in (7, 19, 31, 60):
        qtbot.mouseMove(slider, middle + QPoint(right, 0))
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=middle + QPoint(60, 0))
    asked = [command.percent for command in desk.take()]
    assert len(asked) >= 2
    assert asked[-1] > 100
    assert all(percent % 5 == 0 for percent in asked)


def test_muting_is_a_button_that_says_for_whom_and_what_it_does_next(desk) -> None:
    desk.show(in_call_at(Volume(percent=60)))
    desk.control("Mute Silent Fox", QAbstractButton).click()
    assert desk.take() == [SetVolume(FOX.fingerprint, muted=True)]
    desk.show(in_call_at(Volume(percent=60, muted=True)))
    assert "You have muted Silent Fox." in desk.words()
    assert desk.control("Volume of Silent Fox", QSlider).accessibleDescription() == "muted, 60 %"
    desk.control("Unmute Silent Fox", QAbstractButton).click()
    assert desk.take() == [SetVolume(FOX.fingerprint, muted=False)]


def test_a_remembered_volume_of_nothing_is_told_before_anybody_wonders(desk) -> None:
    desk.show(in_call_at(Volume(percent=0)))
    assert "You have turned the volume of Silent Fox down to 0 %." in desk.words()
    lost = replace(ACTIVE, volume=Volume(percent=0), media=replace(ACTIVE.media, no_audio=NoAudioReason.PATH_LOST))
    desk.show(in_call(lost))
    assert "No incoming audio" in desk.words()


def test_a_state_from_before_the_users_hand_does_not_take_the_slider_back(desk, qtbot: QtBot) -> None:
    desk.show(in_call_at(Volume()))
    slider = desk.control("Volume of Silent Fox", QSlider)
    slider.setFocus()
    for _ in range(3):
        qtbot.keyClick(slider, Qt.Key.Key_Right)
    desk.show(in_call_at(Volume(percent=105)))
    assert slider.value() == 115
    desk.control("Hang up").setFocus()
    desk.show(in_call_at(Volume(percent=115)))
    assert slider.value() == 115


def test_the_next_call_begins_with_that_persons_volume(desk) -> None:
    desk.show(in_call_at(Volume(percent=30)))
    desk.control("Volume of Silent Fox", QSlider).setFocus()
    desk.show(in_call(replace(ACTIVE, peer=HAWK, volume=Volume(percent=150))))
    assert desk.control("Volume of Swift Hawk", QSlider).value() == 150
    assert desk.take() == []


def test_in_a_room_the_chosen_persons_volume_is_shown_below_the_list(desk, qtbot: QtBot) -> None:
    desk.show(room_with(puma=Volume(percent=150)))
    assert HINT in desk.words()
    assert volume_controls(desk) == []
    choose(desk, "Solar Puma")
    assert HINT not in desk.words()
    slider = desk.control("Volume of Solar Puma", QSlider)
    assert slider.value() == 150
    choose(desk, "Swift Hawk")
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Left)
    desk.control("Mute Swift Hawk", QAbstractButton).click()
    assert desk.take() == [
        SetVolume(HAWK.fingerprint, percent=95, muted=False), SetVolume(HAWK.fingerprint, muted=True),
    ]  # fmt: skip


def test_tab_leads_from_the_list_to_the_chosen_persons_volume(desk) -> None:
    desk.show(ROOM)
    choose(desk, "Swift Hawk")
    roster(desk).setFocus()
    names = []
    for _ in range(2):
        desk.window.focusNextPrevChild(True)
        names.append(desk.window.focusWidget().accessibleName())
    assert names == ["Mute Swift Hawk", "Volume of Swift Hawk"]


def test_a_guest_is_named_by_his_stream_and_oneself_has_no_volume(desk) -> None:
    desk.show(ROOM)
    choose(desk, "Guest")
    desk.control("Mute Guest", QAbstractButton).click()
    assert desk.take() == [SetVolume("guest 3", muted=True)]
    choose(desk, "Lunar Otter (you)")
    assert volume_controls(desk) == []
    assert HINT in desk.words()


def test_who_cannot_be_told_apart_by_an_older_relay_has_no_volume(desk) -> None:
    members = tuple(replace(member, stream_id=0) for member in ROOM.room.participants)
    desk.show(replace(ROOM, room=replace(ROOM.room, participants=members)))
    choose(desk, "Swift Hawk")
    assert volume_controls(desk) == []
    assert HINT not in desk.words()


def test_nobody_gets_the_volume_meant_for_somebody_who_has_just_left(desk, qtbot: QtBot) -> None:
    desk.show(ROOM)
    choose(desk, "Swift Hawk")
    slider = desk.control("Volume of Swift Hawk", QSlider)
    middle = slider.rect().center()
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=middle)
    desk.take()
    stayed = tuple(member for member in ROOM.room.participants if member.fingerprint != HAWK.fingerprint)
    desk.show(replace(ROOM, room=replace(ROOM.room, participants=stayed)))
    qtbot.mouseMove(slider, middle + QPoint(40, 0))
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=middle + QPoint(40, 0))
    assert volume_controls(desk) == []
    assert {command.who for command in desk.take()} <= {HAWK.fingerprint}
    assert not roster(desk).currentIndex().isValid()


def test_who_is_chosen_stays_chosen_while_others_come_and_go(desk) -> None:
    desk.show(ROOM)
    choose(desk, "Solar Puma")
    stayed = tuple(
        member for member in ROOM.room.participants if member.fingerprint in (ME.fingerprint, PUMA.fingerprint)
    )
    desk.show(replace(ROOM, room=replace(ROOM.room, participants=stayed)))
    assert volume_controls(desk) == ["Volume of Solar Puma"]
    desk.show(ROOM)
    assert volume_controls(desk) == ["Volume of Solar Puma"]
    assert roster(desk).currentIndex().data() == "Solar Puma"


def test_another_room_begins_with_nobody_chosen(desk) -> None:
    desk.show(ROOM)
    choose(desk, "Solar Puma")
    desk.show(LOBBY)
    desk.show(replace(ROOM, room=replace(ROOM.room, participants=ROOM.room.participants[:2])))
    assert volume_controls(desk) == []


def test_the_list_marks_whom_the_user_hears_differently_for_eye_and_ear() -> None:
    state = room_with(hawk=Volume(muted=True), guest=Volume(percent=0), puma=Volume(percent=150))
    rows = [row for row in room_screen(state, state.room).rows if isinstance(row, RosterMember)]
    faces = {row.name: roster_face(row) for row in rows}
    assert {name: (face.note, face.mark) for name, face in faces.items()} == {
        "Lunar Otter": ("", ""),
        "Guest": ("0 %", "speaker-off"),
        "Swift Hawk": ("Muted", "speaker-off"),
        "Solar Puma": ("150 %", ""),
    }
    assert faces["Swift Hawk"].spoken == "Swift Hawk, speaking, muted"
    assert faces["Solar Puma"].spoken == "Solar Puma, 150 %"


@pytest.mark.parametrize("scale_percent", [100, 200])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_changed_volume_is_painted_at_the_rows_end(desk, theme: str, scale_percent: int) -> None:
    look = {"theme": theme, "scale_percent": scale_percent}
    desk.show(room_with(), **look)
    people = roster(desk)
    before = people.viewport().grab().toImage()
    row = next(
        people.model().index(at, 0)
        for at in range(people.model().rowCount())
        if "Puma" in people.model().index(at, 0).data()
    )
    area = people.visualRect(row)
    desk.show(room_with(puma=Volume(percent=150)), **look)
    after = people.viewport().grab().toImage()
    end = area.adjusted(area.width() * 3 // 4, 0, 0, 0)
    assert before.copy(end) != after.copy(end)
    assert before.copy(area.adjusted(0, 0, -area.width() // 2, 0)) == after.copy(
        area.adjusted(0, 0, -area.width() // 2, 0)
    )


def test_the_control_is_built_once(desk) -> None:
    desk.show(ROOM)
    choose(desk, "Solar Puma")
    before = len(desk.window.findChildren(QWidget))
    choose(desk, "Swift Hawk")
    assert len(desk.window.findChildren(QWidget)) == before


def test_everybody_can_be_brought_to_one_loudness_in_the_settings(desk) -> None:
    desk.show(LOBBY)
    desk.window.open_settings()
    switch = desk.control("Same loudness for everybody", QCheckBox)
    assert not switch.isChecked()
    switch.click()
    command = desk.take()[-1]  # before it the devices were asked for
    assert isinstance(command, ChangeSettings)
    assert command.settings.audio.level_heard
