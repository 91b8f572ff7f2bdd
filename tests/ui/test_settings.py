"""Settings, first run, unlocking and questions of trust."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from conftest import settle
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QPlainTextEdit, QPushButton, QRadioButton, QSlider
from pytestqt.qtbot import QtBot
from ui_states import (
    BACKUP,
    CONTACT_KEY,
    ENCRYPTION_LOST,
    FIRST_RUN,
    LOBBY,
    RELAY_KEY,
    SETTINGS,
    UNLOCK,
    WORDS,
    fp,
)  # fmt: skip

from wzp_core.engine.commands import (
    AnswerTrust,
    ChangeSettings,
    DismissNotice,
    FinishFirstRun,
    HideBackup,
    RefreshDevices,
    RestoreIdentity,
    RevealBackup,
    SetPassphrase,
    TestMicrophone,
    Unlock,
)  # fmt: skip
from wzp_core.errors import ErrorCode
from wzp_core.session.state import AppState, Notice, RecordingView, SeedStorage
from wzp_core.settings.schema import Settings
from wzp_desktop.presenters.words import notice_text
from wzp_desktop.views.frames import ScrollPage
from wzp_desktop.views.notice import NoticeBanner
from wzp_desktop.views.settings.dialog import SettingsDialog
from wzp_desktop.views.trust import TrustDialog

Test = TestMicrophone
Test.__test__ = False  # not a test case, whatever its name


def opened(desk, state: AppState = SETTINGS) -> SettingsDialog:
    desk.show(state)
    desk.window.open_settings()
    dialog = desk.window.findChild(SettingsDialog)
    desk.take()
    return dialog


def changed(desk) -> Settings:
    command = desk.take()[-1]
    assert isinstance(command, ChangeSettings)
    return command.settings


def test_ctrl_comma_opens_the_settings_and_escape_closes_them(desk, qtbot: QtBot) -> None:
    desk.show(LOBBY)
    qtbot.keyClick(desk.window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    dialog = desk.window.findChild(SettingsDialog)
    assert dialog.isVisible()
    assert desk.take() == [RefreshDevices()]
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_the_backup_words_are_shown_on_request_and_hidden_again(desk) -> None:
    dialog = opened(desk)
    assert "abandon" not in desk.words()
    desk.control("Show backup words").click()
    assert desk.take() == [RevealBackup()]
    desk.show(BACKUP)
    assert "24 blanket" in desk.words()
    desk.control("Hide backup words").click()
    assert desk.take() == [HideBackup()]
    dialog.close()
    assert HideBackup() in desk.take(), "closing hides them too"


def test_restoring_needs_a_whole_backup_and_a_second_click(desk) -> None:
    opened(desk)
    field = desk.control("Backup words to restore", QPlainTextEdit)
    field.setPlainText("abandon ability")
    assert not desk.control("Restore identity").isEnabled()
    assert "2 of 24 words" in desk.words()
    field.setPlainText(WORDS.replace(" ", "\n"))
    desk.control("Restore identity").click()
    assert desk.take() == []
    assert "This replaces your present identity" in desk.words()
    desk.control("Replace").click()
    assert desk.take() == [RestoreIdentity(WORDS)]
    assert field.toPlainText() == ""


def test_what_goes_wrong_in_the_settings_is_told_there(desk) -> None:
    dialog = opened(desk)
    desk.show(replace(SETTINGS, notice=Notice(code=ErrorCode.NO_DEVICE)))
    told = [each for each in dialog.findChildren(NoticeBanner) if each.isVisible()]
    assert [each.text() for each in told] == [notice_text(Notice(code=ErrorCode.NO_DEVICE))]
    told[0].findChild(QPushButton).click()
    assert desk.take() == [DismissNotice()]
    desk.show(SETTINGS)
    assert not told[0].isVisible()


def test_a_passphrase_is_set_only_when_both_entries_agree(desk) -> None:
    opened(desk)
    first, second = desk.control("New passphrase", QLineEdit), desk.control("Repeat passphrase", QLineEdit)
    first.setText("correct horse")
    second.setText("correct house")
    assert not desk.control("Set passphrase").isEnabled()
    assert "The two entries differ." in desk.words()
    second.setText("correct horse")
    desk.control("Set passphrase").click()
    assert desk.take() == [SetPassphrase("correct horse")]
    assert first.text() == second.text() == ""


def test_no_passphrase_is_asked_where_the_keyring_holds_the_key(desk) -> None:
    opened(desk, replace(SETTINGS, me=replace(SETTINGS.me, storage=SeedStorage.KEYRING)))
    assert "keyring" in desk.words()
    assert not any(
        field.isVisible() for field in desk.window.findChildren(QLineEdit) if "passphrase" in field.accessibleName()
    )


def test_devices_are_chosen_by_name_and_a_missing_one_stays_chosen(desk, qtbot: QtBot) -> None:
    opened(
        desk,
        replace(
            SETTINGS, settings=replace(SETTINGS.settings, audio=replace(SETTINGS.settings.audio, input_device="Gone"))
        ),
    )
    microphone = desk.control("Microphone")
    assert microphone.currentText() == "Gone"
    qtbot.keyClick(microphone, Qt.Key.Key_Up)
    assert changed(desk).audio.input_device == "USB headset"


def test_volumes_are_told_once_the_slider_rests(desk, qtbot: QtBot) -> None:
    opened(desk)
    slider = desk.control("Speaker volume", QSlider)
    for value in (110, 120, 130):
        slider.setValue(value)
    qtbot.waitUntil(lambda: bool(desk.commands))
    assert changed(desk).audio.output_volume == pytest.approx(1.3)
    assert "130 %" in desk.words()


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Echo cancellation", "echo_cancellation"),
        ("Automatic gain", "automatic_gain"),
        ("Push to talk", "push_to_talk"),
    ],
)
def test_what_is_done_to_the_voice_is_switched_by_name(desk, qtbot: QtBot, name: str, field: str) -> None:
    opened(desk)
    switch = desk.control(name, QCheckBox)
    for _ in range(2):
        wanted = not switch.isChecked()
        qtbot.keyClick(switch, Qt.Key.Key_Space)
        assert getattr(changed(desk).audio, field) is wanted


def test_recording_is_switched_by_name_and_says_whose_voices_are_in_it_and_where(desk, qtbot: QtBot) -> None:
    opened(desk, replace(SETTINGS, recording=RecordingView(folder="Anna's recordings")))
    assert "their voices are in it too" in desk.words()
    assert "Anna's recordings" in desk.words()
    qtbot.keyClick(desk.control("Record calls and rooms", QCheckBox), Qt.Key.Key_Space)
    assert changed(desk).audio.record_debug


def test_while_sound_is_recorded_the_window_says_so_and_can_stop_it(desk) -> None:
    on = replace(LOBBY.settings, audio=replace(LOBBY.settings.audio, record_debug=True))
    desk.show(replace(LOBBY, settings=on, recording=RecordingView(folder="here", file="here/today.wav")))
    assert "the voices you hear are being recorded in here/today.wav" in desk.words()
    desk.control("Stop recording").click()
    assert not changed(desk).audio.record_debug
    desk.show(LOBBY)
    assert "Stop recording" not in desk.words()


def test_each_strength_of_noise_suppression_says_what_it_costs(desk, qtbot: QtBot) -> None:
    quiet = replace(SETTINGS.settings, audio=replace(SETTINGS.settings.audio, noise_suppression="off"))
    opened(desk, replace(SETTINGS, settings=quiet))
    choice = desk.control("Noise suppression", QComboBox)
    assert [choice.itemText(at) for at in range(choice.count())] == ["Off", "Light", "Strong"]
    for strength, told in (("light", "changes your voice a little"), ("strong", "less natural")):
        qtbot.keyClick(choice, Qt.Key.Key_Down)
        assert changed(desk).audio.noise_suppression == strength
        assert told in desk.words()


def test_the_release_delay_belongs_to_push_to_talk(desk, qtbot: QtBot) -> None:
    opened(desk, LOBBY)
    assert "Release delay" not in desk.words()
    desk.control("Push to talk", QCheckBox).click()
    delay = desk.control("Release delay", QSlider)
    qtbot.keyClick(delay, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: len(desk.commands) == 2)
    assert changed(desk).audio.release_delay_ms == LOBBY.settings.audio.release_delay_ms + 50
    assert delay.accessibleDescription() == "300 ms"


def test_the_microphone_test_starts_and_stops_and_ends_with_the_dialog(desk) -> None:
    dialog = opened(desk, replace(SETTINGS, mic_test=False))
    desk.control("Test microphone").click()
    assert desk.take() == [TestMicrophone(on=True)]
    desk.show(SETTINGS)
    desk.control("Stop test").click()
    assert desk.take() == [TestMicrophone(on=False)]
    dialog.close()
    assert TestMicrophone(on=False) in desk.take()


def test_relays_are_added_chosen_and_removed(desk) -> None:
    dialog = opened(desk)
    desk.control("Relay name", QLineEdit).setText("New")
    address = desk.control("Relay address", QLineEdit)
    address.setText("not an address")
    assert not desk.control("Add relay").isEnabled()
    assert "This is not an address." in desk.words()
    assert address.accessibleDescription() in desk.words()
    address.setText("new.example.org")
    assert "This is not an address." not in desk.words()
    desk.control("Add relay").click()
    assert changed(desk).relay.selected == "new.example.org:4433"
    desk.show(replace(SETTINGS, settings=replace(SETTINGS.settings, alias="x")))  # the engine's own word again
    rows = [row for row in dialog.findChildren(QRadioButton) if row.isVisible()]
    assert [row.isChecked() for row in rows] == [False, True, False]
    rows[2].click()
    assert changed(desk).relay.selected == "192.0.2.7:4433"
    desk.control("Remove relay Club (192.0.2.7:4433)").click()
    assert [relay.name for relay in changed(desk).relay.relays] == ["Home"]


def test_a_relays_token_is_entered_with_its_address_and_never_shown(desk) -> None:
    opened(desk)
    token = desk.control("Relay token", QLineEdit)
    token.setText("secret")
    desk.control("Relay address", QLineEdit).setText("192.0.2.7:4433")
    assert token.displayText() != "secret"
    desk.control("Change relay").click()
    relay = changed(desk).relay
    assert (relay.entry("192.0.2.7:4433").token, relay.entry(relay.relays[0].address).token) == ("secret", "")
    assert token.text() == ""


def test_a_known_relay_is_changed_without_typing_its_address_again(desk) -> None:
    dialog = opened(desk)
    assert desk.control("Add relay").isVisible()
    desk.control("Change relay Club (192.0.2.7:4433)").click()
    assert desk.control("Relay address", QLineEdit).text() == "192.0.2.7:4433"
    token = desk.control("Relay token", QLineEdit)
    assert dialog.focusWidget() is token
    token.setText("secret")
    desk.control("Change relay").click()
    entry = changed(desk).relay.entry("192.0.2.7:4433")
    assert (entry.name, entry.token) == ("Club", "secret")


def test_unprotected_calls_are_allowed_only_with_a_warning(desk) -> None:
    opened(desk, LOBBY)
    box = desk.control("Allow calls without end-to-end encryption", QCheckBox)
    assert "could listen to such calls" not in desk.words()
    box.click()
    assert changed(desk).call.allow_unprotected
    assert "could listen to such calls" in desk.words()


@pytest.mark.parametrize(
    ("choice", "key", "read", "expected"),
    [("Colours", Qt.Key.Key_Down, lambda s: s.appearance.theme, "dark"),
     ("Size", Qt.Key.Key_Down, lambda s: s.appearance.scale_percent, 125)],
)  # fmt: skip
def test_appearance_changes_at_once(
    desk, qtbot: QtBot, choice: str, key: Qt.Key, read: Callable[[Settings], object], expected: object
) -> None:
    opened(desk)
    qtbot.keyClick(desk.control(choice), key)
    assert read(changed(desk)) == expected


def test_the_choice_of_the_size_stays_in_view_when_the_size_changes(desk) -> None:
    dialog = opened(desk, LOBBY)
    size = desk.control("Size")
    size.setFocus()
    settle()
    for percent in (200, 75, 100):
        desk.show(LOBBY, scale_percent=percent)
        settle()
        page = dialog.findChild(ScrollPage)
        top = size.mapTo(page.viewport(), size.rect().topLeft()).y()
        assert 0 <= top <= page.viewport().height() - size.height()


def test_edits_in_two_sections_do_not_undo_each_other(desk) -> None:
    opened(desk, LOBBY)
    desk.control("Allow calls without end-to-end encryption", QCheckBox).click()
    desk.control("Let this network find my relay", QCheckBox).click()
    settings = changed(desk)
    assert settings.call.allow_unprotected
    assert not settings.relay.announce


def test_about_tells_whether_deep_redundancy_is_there(desk) -> None:
    opened(desk, SETTINGS)
    assert "Gaps in speech, even long ones, are rebuilt" in desk.words()
    desk.show(replace(SETTINGS, has_dred=False))
    assert "Short gaps in speech are filled, long ones are heard" in desk.words()


def test_the_first_run_suggests_a_name_tests_sound_and_ends_with_the_settings(desk, qtbot: QtBot) -> None:
    desk.show(FIRST_RUN)
    alias = desk.control("Your name", QLineEdit)
    assert alias.text() == "Lunar Otter"
    alias.setText(" Anna ")
    qtbot.keyClick(alias, Qt.Key.Key_Return)
    assert desk.take() == [RefreshDevices()]
    qtbot.keyClick(desk.control("Microphone"), Qt.Key.Key_Down)
    assert changed(desk).audio.input_device == "Built-in microphone"
    desk.control("Test microphone").click()
    desk.control("Next").setFocus()
    qtbot.keyClick(desk.control("Next"), Qt.Key.Key_Return)
    assert desk.take() == [TestMicrophone(on=True), TestMicrophone(on=False)]
    assert FIRST_RUN.me.fingerprint in desk.words()
    qtbot.keyClick(desk.window.focusWidget(), Qt.Key.Key_Return)
    (finish,) = desk.take()
    assert isinstance(finish, FinishFirstRun)
    assert (finish.settings.alias, finish.settings.audio.input_device) == ("Anna", "Built-in microphone")


def test_the_settings_wait_until_there_is_an_identity(desk, qtbot: QtBot) -> None:
    desk.show(UNLOCK)
    desk.window.open_settings()
    assert desk.window.findChild(SettingsDialog) is None


def test_a_passphrase_unlocks_and_is_forgotten_by_the_field(desk, qtbot: QtBot) -> None:
    desk.show(UNLOCK)
    field = desk.control("Passphrase", QLineEdit)
    assert field.echoMode() is QLineEdit.EchoMode.Password
    assert field.hasFocus()
    qtbot.keyClicks(field, "open sesame")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert desk.take() == [Unlock("open sesame")]
    assert field.text() == ""


@pytest.mark.parametrize(
    ("state", "expected"),
    [(RELAY_KEY, "Accept new key"), (CONTACT_KEY, "Go on with new identity"), (ENCRYPTION_LOST, "Go on unprotected")],
)
def test_a_question_of_trust_is_answered_by_its_buttons(desk, state: AppState, expected: str) -> None:
    desk.show(state)
    desk.control(expected).click()
    assert desk.take() == [AnswerTrust(accept=True, question=state.trust)]
    assert not desk.window.findChild(TrustDialog).isVisible()


def test_old_and_new_key_are_both_shown_whole(desk) -> None:
    desk.show(RELAY_KEY)
    assert RELAY_KEY.trust.old in desk.words()
    assert RELAY_KEY.trust.new in desk.words()
    desk.show(CONTACT_KEY)
    assert fp(2) in desk.words()
    assert fp(9) in desk.words()
    assert "You had verified this contact" in desk.words()


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Space])
def test_careless_keys_refuse_a_question_of_trust(desk, qtbot: QtBot, key: Qt.Key) -> None:
    desk.show(RELAY_KEY)
    dialog = desk.window.findChild(TrustDialog)
    qtbot.keyClick(dialog.focusWidget() or dialog, key)
    assert AnswerTrust(accept=True, question=RELAY_KEY.trust) not in desk.take()


def test_closing_a_question_of_trust_refuses_it_once(desk) -> None:
    desk.show(RELAY_KEY)
    desk.window.findChild(TrustDialog).close()
    assert desk.take() == [AnswerTrust(accept=False, question=RELAY_KEY.trust)]


def test_an_answered_question_closes_by_itself(desk) -> None:
    desk.show(RELAY_KEY)
    desk.show(LOBBY)
    assert not desk.window.findChild(TrustDialog).isVisible()
    assert desk.take() == []
