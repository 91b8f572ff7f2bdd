"""The lobby: what it shows, and which commands its controls send."""

from dataclasses import replace

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit, QListView, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot
from ui_states import CROW, FOX, HAWK, HTML, LOBBY, LOBBY_ALONE, LOBBY_FAILED, ME, PUMA, fp

from wzp_core.engine.commands import ChangeSettings, ClearHistory, DismissNotice, JoinRoom, PlaceCall, Reconnect
from wzp_desktop.models.rows import FACE_ROLE


def titles(view: QListView) -> list[str]:
    model = view.model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def people(desk) -> QListView:
    return desk.control("People online", QListView)


def test_the_lobby_shows_me_the_relay_and_who_is_there(desk) -> None:
    desk.show(LOBBY)
    words = desk.words()
    for expected in (ME.alias, ME.fingerprint, "Home", "23 ms", "Connected. You can call and be called."):
        assert expected in words
    assert titles(people(desk)) == [fp(5)[:16], "Neon Crow", "Silent Fox", "Solar Puma", "Swift Hawk"]


def test_an_empty_lobby_says_what_to_do(desk) -> None:
    desk.show(LOBBY_ALONE)
    assert "No one else is here yet" in people(desk).accessibleDescription()


def test_a_failed_relay_says_why_and_offers_no_calls(desk, qtbot: QtBot) -> None:
    desk.show(LOBBY_FAILED)
    assert "The relay cannot be reached." in desk.words()
    desk.control("Fingerprint to call", QLineEdit).setText(fp(3))
    assert not desk.control("Call", QPushButton).isEnabled()
    assert not desk.control("Join", QPushButton).isEnabled()


def test_a_relay_that_was_given_up_can_be_tried_again(desk) -> None:
    desk.show(LOBBY_FAILED)
    desk.control("Try again").click()
    assert desk.take() == [Reconnect()]
    desk.show(LOBBY)
    assert "Try again" not in desk.words()


def test_a_notice_stays_until_it_is_dismissed(desk, qtbot: QtBot) -> None:
    desk.show(LOBBY_FAILED)
    assert "No microphone or speaker" in desk.words()
    desk.control("Dismiss").click()
    assert desk.take() == [DismissNotice()]
    desk.show(replace(LOBBY_FAILED, notice=None))
    assert "No microphone or speaker" not in desk.words()


def test_enter_calls_the_chosen_person(desk, qtbot: QtBot) -> None:
    desk.show(LOBBY)
    people(desk).setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(people(desk), Qt.Key.Key_Down)
    qtbot.keyClick(people(desk), Qt.Key.Key_Return)
    assert desk.take() == [PlaceCall(CROW.fingerprint)]


def test_a_click_on_the_telephone_of_a_row_calls_and_one_on_the_name_does_not(desk, qtbot: QtBot) -> None:
    desk.show(LOBBY)
    view = people(desk)
    row = view.visualRect(view.model().index(2, 0))
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=row.center() - QPoint(60, 0))
    assert desk.take() == []
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(row.right() - 25, row.center().y()))
    assert desk.take() == [PlaceCall(FOX.fingerprint)]


def test_the_menu_of_a_row_calls_and_copies(desk) -> None:
    desk.show(LOBBY)
    view = people(desk)
    call, copy = view.menu_for(view.model().index(4, 0)).actions()
    copy.trigger()
    assert QGuiApplication.clipboard().text() == HAWK.fingerprint
    call.trigger()
    assert desk.take() == [PlaceCall(HAWK.fingerprint)]


def test_searching_finds_by_name_and_by_any_part_of_the_fingerprint(desk, qtbot: QtBot) -> None:
    desk.show(LOBBY)
    qtbot.keyClick(desk.window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    search = desk.control("Search people", QLineEdit)
    assert search.hasFocus()
    qtbot.keyClicks(search, "pum")
    assert titles(people(desk)) == ["Solar Puma"]
    search.setText(FOX.fingerprint.replace(":", "")[4:12])
    assert titles(people(desk)) == ["Silent Fox"]
    search.setText("zebra")
    assert "Nobody of that name" in people(desk).accessibleDescription()


def test_a_pasted_fingerprint_is_dialled_by_enter(desk, qtbot: QtBot) -> None:
    desk.show(LOBBY)
    qtbot.keyClick(desk.window, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    dial = desk.control("Fingerprint to call", QLineEdit)
    assert dial.hasFocus()
    dial.setText("  wzp:" + fp(9).upper().replace(":", ""))
    qtbot.keyClick(dial, Qt.Key.Key_Return)
    assert desk.take() == [PlaceCall(fp(9))]
    assert dial.text() == ""


def test_a_wrong_fingerprint_is_explained_and_not_dialled(desk, qtbot: QtBot) -> None:
    desk.show(LOBBY)
    dial = desk.control("Fingerprint to call", QLineEdit)
    qtbot.keyClicks(dial, "abc")
    qtbot.keyClick(dial, Qt.Key.Key_Return)
    assert "32 digits" in desk.words()
    assert "32 digits" in dial.accessibleDescription()
    assert desk.take() == []


def test_a_link_waits_in_the_dial_field_and_calls_nobody(desk) -> None:
    desk.window.dial(fp(9))
    desk.show(LOBBY)
    assert desk.control("Fingerprint to call", QLineEdit).text() == fp(9)
    assert desk.take() == []


def test_joining_a_room_takes_the_typed_or_the_usual_name(desk, qtbot: QtBot) -> None:
    desk.show(LOBBY)
    desk.control("Join", QPushButton).click()
    qtbot.keyClicks(desk.control("Room name", QLineEdit), "club")
    qtbot.keyClick(desk.control("Room name", QLineEdit), Qt.Key.Key_Return)
    assert desk.take() == [JoinRoom("general"), JoinRoom("club")]


def test_choosing_a_relay_and_using_a_nearby_one_changes_the_settings(desk, qtbot: QtBot) -> None:
    desk.show(LOBBY)
    choice = desk.control("Relay")
    qtbot.keyClick(choice, Qt.Key.Key_Down)
    desk.control("Use relay Anna's laptop").click()
    first, second = desk.take()
    assert isinstance(first, ChangeSettings)
    assert isinstance(second, ChangeSettings)
    assert first.settings.relay.selected == "192.0.2.7:4433"
    assert second.settings.relay.selected == "10.0.0.12:4433"
    assert [relay.name for relay in second.settings.relay.relays] == ["Home", "Club", "Anna's laptop"]


def test_recent_contacts_and_the_history_call_back(desk, qtbot: QtBot) -> None:
    desk.show(LOBBY)
    desk.control("Call Solar Puma").click()
    history = desk.control("Call history", QListView)
    assert titles(history)[:2] == ["Swift Hawk", "Silent Fox"]
    assert history.model().index(1, 0).data(FACE_ROLE).subtitle.startswith("Missed")
    history.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(history, Qt.Key.Key_Return)
    assert desk.take() == [PlaceCall(PUMA.fingerprint), PlaceCall(HAWK.fingerprint)]


def test_clearing_the_history_asks_first(desk, qtbot: QtBot) -> None:
    desk.show(LOBBY)
    for answer, expected in (
        (QMessageBox.StandardButton.Cancel, []),
        (QMessageBox.StandardButton.Yes, [ClearHistory()]),
    ):
        desk.control("Clear call history").click()
        question = next(box for box in desk.window.findChildren(QMessageBox) if box.isVisible())
        question.button(answer).click()
        assert desk.take() == expected


def test_my_fingerprint_is_copied_whole(desk) -> None:
    desk.show(LOBBY)
    desk.control("Copy my fingerprint").click()
    assert QGuiApplication.clipboard().text() == ME.fingerprint


def test_markup_in_an_alias_is_shown_as_text(desk) -> None:
    desk.show(replace(LOBBY, me=replace(ME, alias=HTML.alias), present=(HTML,)))
    assert HTML.alias in desk.words()
    assert titles(people(desk)) == [HTML.alias]


def test_a_new_presence_list_keeps_what_was_chosen(desk) -> None:
    desk.show(LOBBY)
    people(desk).setCurrentIndex(people(desk).model().index(3, 0))
    desk.show(replace(LOBBY, present=(HAWK, PUMA, replace(FOX, alias="Zinc Fox"))))
    assert titles(people(desk)) == ["Solar Puma", "Swift Hawk", "Zinc Fox"]
    assert people(desk).currentIndex().data() == "Solar Puma"
