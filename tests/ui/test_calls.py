"""Incoming, call and room screens."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QListView, QProgressBar, QWidget
from pytestqt.qtbot import QtBot
from ui_states import (
    ACTIVE,
    CHOOSING,
    CONFIRMED,
    DIALLING,
    ENDED,
    ENDED_BADLY,
    FOX,
    HAWK,
    HTML,
    INCOMING,
    LOBBY,
    READING,
    ROOM,
    STATES,
    in_call,
)  # fmt: skip

from wzp_core.engine.commands import Answer, AnswerCall, CompareSas, HangUp, LeaveRoom, PlaceCall, SetMuted
from wzp_core.session.state import Badge, CallStage, EndReason, Levels, NoAudioReason
from wzp_desktop.presenters.words import BADGE, BADGE_MEANING, NO_AUDIO
from wzp_desktop.presenters.words import ENDED as ENDINGS
from wzp_desktop.views.timer_label import TimerLabel


@pytest.fixture
def desk(rested_desk):
    return rested_desk


@pytest.mark.parametrize(
    ("button", "answer"),
    [("Answer", Answer.TRUSTED), ("Answer privately", Answer.PRIVATE), ("Decline", Answer.DECLINE)],
)
def test_each_answer_is_a_button_with_its_meaning(desk, button: str, answer: Answer) -> None:
    desk.show(in_call(INCOMING))
    assert "Swift Hawk" in desk.words()
    assert "may learn your network address" in desk.words()
    desk.control(button).click()
    assert desk.take() == [AnswerCall(INCOMING.call_id, answer)]


def test_an_unprotected_call_is_answered_by_its_name(desk) -> None:
    desk.show(in_call(replace(INCOMING, protected_offer=False)))
    assert "cannot encrypt end to end" in desk.words()
    desk.control("Answer unprotected").click()
    assert desk.take() == [AnswerCall(INCOMING.call_id, Answer.TRUSTED)]


def test_what_is_being_typed_when_a_call_comes_does_not_answer_it(desk, qtbot: QtBot) -> None:
    desk.show(LOBBY)
    desk.control("Room name", QLineEdit).setFocus()
    desk.show(in_call(INCOMING))
    focused = desk.window.focusWidget()
    for key in (Qt.Key.Key_Space, Qt.Key.Key_Return):
        qtbot.keyClick(focused, key)
    assert desk.take() == []


def test_a_ringtone_that_cannot_be_heard_is_seen(desk) -> None:
    desk.show(in_call(INCOMING))
    desk.window.ring_silently()
    assert "The ringtone cannot be played" in desk.words()
    desk.show(LOBBY)
    desk.show(in_call(INCOMING))
    assert "The ringtone cannot be played" not in desk.words()


@pytest.mark.parametrize("badge", Badge)
def test_the_badge_is_shown_with_what_it_means_once_there_is_media(desk, badge: Badge) -> None:
    desk.show(in_call(replace(ACTIVE, badge=badge)))
    assert BADGE[badge] in desk.words()
    assert BADGE_MEANING[badge] in desk.words()
    desk.show(in_call(replace(DIALLING, badge=badge)))
    assert BADGE_MEANING[badge] not in desk.words()
    assert "Ringing…" in desk.words()


def test_the_call_shows_path_loss_and_quality(desk) -> None:
    desk.show(in_call(ACTIVE))
    assert "Direct connection · 34 ms there and back · 0.4 % lost" in desk.words()
    assert "Sound sent: Standard · heard: Good" in desk.words()


def test_the_meters_follow_the_levels(desk) -> None:
    desk.show(replace(in_call(ACTIVE), levels=Levels(microphone=0.25, speaker=1.0)))
    assert desk.control("Microphone level", QProgressBar).value() == 25
    assert desk.control("Speaker level", QProgressBar).value() == 100


@pytest.mark.parametrize("reason", NoAudioReason)
def test_silence_is_told_with_its_reason(desk, reason: NoAudioReason) -> None:
    desk.show(in_call(replace(ACTIVE, media=replace(ACTIVE.media, no_audio=reason))))
    assert f"No incoming audio. {NO_AUDIO[reason]}" in desk.words()
    desk.show(in_call(ACTIVE))
    assert "No incoming audio" not in desk.words()


def test_the_timer_ticks_only_in_a_call_that_is_seen(desk) -> None:
    desk.show(LOBBY)
    timers = desk.window.findChildren(TimerLabel)
    assert not any(timer.ticking() for timer in timers)
    desk.show(in_call(ACTIVE))
    assert [timer.ticking() for timer in timers].count(True) == 1
    desk.window.hide()
    assert not any(timer.ticking() for timer in timers)


def test_the_reading_side_sees_the_code_and_says_what_the_other_found(desk) -> None:
    desk.show(in_call(READING))
    assert "493 027" in desk.words()
    desk.control("They found it").click()
    desk.control("They did not").click()
    assert desk.take() == [CompareSas(matches=True), CompareSas(matches=False)]


def test_choosing_the_heard_code_verifies(desk) -> None:
    desk.show(in_call(CHOOSING))
    assert "Which code do you hear?" in desk.words()
    desk.control("493 027").click()
    assert desk.take() == [CompareSas(matches=True)]


@pytest.mark.parametrize("wrong", ["120 884", "None of these"])
def test_another_code_is_asked_about_once_before_the_call_ends(desk, wrong: str) -> None:
    desk.show(in_call(CHOOSING))
    desk.control(wrong).click()
    assert desk.take() == []
    assert "somebody may be listening in" in desk.words()
    desk.control("I misheard, once more").click()
    desk.control(wrong).click()
    assert not desk.control("I misheard, once more").isEnabled(), "nobody guesses through all codes"
    desk.control("End call").click()
    assert desk.take() == [CompareSas(matches=False)]


def test_a_verified_contact_is_not_pressed_to_compare_again(desk) -> None:
    verified = replace(READING, badge=Badge.VERIFIED)
    desk.show(in_call(verified))
    assert "493 027" not in desk.words()
    desk.control("Compare codes again").click()
    assert "493 027" in desk.words()


def test_matching_codes_are_told(desk) -> None:
    desk.show(in_call(CONFIRMED))
    assert "Codes match" in desk.words()
    assert "Verified" in desk.words()


@pytest.mark.parametrize(
    ("key", "expected"),
    [(Qt.Key.Key_M, SetMuted(microphone=True)), (Qt.Key.Key_S, SetMuted(speaker=True)), (Qt.Key.Key_Q, HangUp())],
)
def test_single_keys_control_the_call(desk, qtbot: QtBot, key: Qt.Key, expected: object) -> None:
    desk.show(in_call(ACTIVE))
    qtbot.keyClick(desk.window, key)
    assert desk.take() == [expected]


def test_single_keys_do_nothing_outside_a_call_and_in_fields(desk, qtbot: QtBot) -> None:
    desk.show(LOBBY)
    field = desk.control("Room name", QLineEdit)
    field.setFocus()
    qtbot.keyClicks(field, "msq")
    assert field.text() == "msq"
    qtbot.keyClick(desk.window, Qt.Key.Key_Q)
    assert desk.take() == []


def test_muting_shows_only_what_the_engine_confirms(desk) -> None:
    desk.show(in_call(ACTIVE))
    desk.control("Mute").click()
    assert desk.take() == [SetMuted(microphone=True)]
    assert desk.control("Mute").isVisible()
    desk.show(replace(in_call(ACTIVE), mic_muted=True, speaker_muted=True))
    desk.control("Unmute").click()
    desk.control("Speaker on").click()
    assert desk.take() == [SetMuted(microphone=False), SetMuted(speaker=False)]


@pytest.mark.parametrize("reason", EndReason)
def test_an_ended_call_says_why_and_can_be_closed_or_repeated(desk, reason: EndReason) -> None:
    desk.show(in_call(replace(ENDED, ended=reason)))
    assert ENDINGS[reason] in desk.words()
    desk.control("Close").click()
    desk.control("Call again").click()
    assert desk.take() == [HangUp(), HangUp(), PlaceCall(FOX.fingerprint)]


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_Return])
def test_an_ended_call_is_closed_by_one_key(desk, qtbot: QtBot, key: Qt.Key) -> None:
    desk.show(in_call(ACTIVE))
    desk.control("Mute").setFocus()
    qtbot.keyClick(desk.window.focusWidget(), Qt.Key.Key_Escape)
    assert desk.take() == [], "no key closes a call that lives"
    for before in (in_call(ACTIVE), in_call(INCOMING), LOBBY):
        desk.show(before)
        desk.show(in_call(ENDED))
        qtbot.keyClick(desk.window.focusWidget(), key)
        assert desk.take() == [HangUp()]


def test_a_security_failure_is_never_told_as_a_network_failure(desk) -> None:
    desk.show(in_call(ENDED_BADLY))
    assert "The check of the spoken code failed" in desk.words()
    assert "network" not in desk.words()


def test_markup_in_the_name_of_a_caller_is_shown_as_text(desk) -> None:
    for call in (replace(INCOMING, peer=HTML), replace(ACTIVE, peer=HTML)):
        desk.show(in_call(call))
        assert HTML.alias in desk.words()
    for label in desk.window.findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText or not label.text() or "<" not in label.text()


def test_a_room_lists_its_members_and_is_honest_about_protection(desk) -> None:
    desk.show(ROOM)
    assert "To the relay only" in desk.words()
    roster = desk.control("People in the room", QListView).model()
    assert [roster.index(row, 0).data() for row in range(roster.rowCount())] == [
        "This relay", "Lunar Otter (you)", "Guest", "Swift Hawk", "Berlin", "Solar Puma",
    ]  # fmt: skip
    desk.control("Leave").click()
    assert desk.take() == [LeaveRoom()]


def test_an_incoming_call_is_seen_from_inside_a_room(desk) -> None:
    desk.show(replace(ROOM, call=INCOMING))
    assert "is calling you" in desk.words()
    desk.show(ROOM)
    assert "In this room" in desk.words()


def test_screens_are_kept_and_never_built_anew(desk) -> None:
    desk.show(in_call(CHOOSING))
    before = len(desk.window.findChildren(QWidget))
    for state in (in_call(CHOOSING), in_call(replace(CHOOSING, peer=HAWK)), in_call(CONFIRMED), in_call(CHOOSING)):
        desk.show(state)
    assert len(desk.window.findChildren(QWidget)) == before


def test_a_lost_connection_is_told_as_being_restored(desk) -> None:
    desk.show(in_call(replace(ACTIVE, stage=CallStage.RECONNECTING)))
    assert "Connection lost. Reconnecting…" in desk.words()
    silent = replace(ACTIVE.media, no_audio=NoAudioReason.UNKNOWN)
    desk.show(in_call(replace(ACTIVE, stage=CallStage.RECONNECTING, media=silent)))
    assert "Another path is being tried" in desk.words()
    assert "hang up" not in desk.words()


def test_a_room_that_lets_nobody_in_does_not_say_that_others_are_awaited(desk) -> None:
    desk.show(STATES["room_refused"])
    assert "This room is for others" in desk.words()
    people = desk.control("People in the room", QListView)
    assert people.accessibleDescription() == ""
    desk.show(replace(ROOM, room=replace(ROOM.room, participants=())))
    assert people.accessibleDescription() == "Waiting for participants…"


def test_a_control_says_its_key_whatever_it_does_next(desk) -> None:
    desk.show(in_call(ACTIVE))
    assert desk.control("Mute").toolTip() == "Mute (m)"
    desk.show(replace(in_call(ACTIVE), mic_muted=True, speaker_muted=True))
    assert desk.control("Unmute").toolTip() == "Unmute (m)"
    assert desk.control("Speaker on").toolTip() == "Speaker on (s)"
