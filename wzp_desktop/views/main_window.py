"""The window: one page at a time, as the state asks for."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import cast

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QApplication, QStackedWidget, QVBoxLayout, QWidget

from wzp_core.engine.commands import ChangeSettings, HoldToTalk
from wzp_core.session.state import AppState
from wzp_desktop.presenters import keys
from wzp_desktop.presenters.call import call_screen
from wzp_desktop.presenters.first_run import first_run_screen
from wzp_desktop.presenters.incoming import incoming_screen
from wzp_desktop.presenters.leaving import leaving_text
from wzp_desktop.presenters.lobby import lobby_screen
from wzp_desktop.presenters.navigation import Screen, screen_of
from wzp_desktop.presenters.palette import chosen_palette
from wzp_desktop.presenters.recording import recording_text
from wzp_desktop.presenters.room import room_screen
from wzp_desktop.presenters.settings import settings_screen
from wzp_desktop.presenters.talk import can_hold_to_talk
from wzp_desktop.presenters.tone import Tone
from wzp_desktop.presenters.trust import trust_screen
from wzp_desktop.presenters.words import notice_text
from wzp_desktop.views.buttons import Button
from wzp_desktop.views.call import CallPage
from wzp_desktop.views.first_run import FirstRunPage
from wzp_desktop.views.frames import Banner
from wzp_desktop.views.incoming import IncomingPage
from wzp_desktop.views.leaving import LeavingQuestion
from wzp_desktop.views.lobby.page import LobbyPage
from wzp_desktop.views.look import Look, qt_palette, spaced, stylesheet, wear
from wzp_desktop.views.notice import NoticeBanner
from wzp_desktop.views.room import RoomPage
from wzp_desktop.views.settings.dialog import SettingsDialog
from wzp_desktop.views.talk import Holder, TalkKey
from wzp_desktop.views.trust import TrustDialog
from wzp_desktop.views.unlock import StartingPage, UnlockPage

_SIZE = QSize(1060, 800)
_NO_SETTINGS = (Screen.STARTING, Screen.UNLOCK, Screen.FIRST_RUN)


class MainWindow(QWidget):
    """Takes every state, emits every command."""

    command = Signal(object)
    closed = Signal()
    quit_wanted = Signal()
    report_wanted = Signal(str)  # into which file

    def __init__(self, lives_on_when_closed: Callable[[], bool] = lambda: True) -> None:
        """`lives_on_when_closed`: whether a call goes on without the window."""
        super().__init__()
        self._lives_on_when_closed = lives_on_when_closed
        self.setObjectName("window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle("WZP")
        self._state = AppState()
        self._system_is_dark = False
        self._look: Look | None = None
        self._screen: Screen | None = None
        self._to_dial = ""
        self._lobby, self._call, self._room = LobbyPage(), CallPage(), RoomPage()
        self._incoming, self._first_run, self._unlock = IncomingPage(), FirstRunPage(), UnlockPage()
        self._pages: dict[Screen, QWidget] = {
            Screen.STARTING: StartingPage(),
            Screen.UNLOCK: self._unlock,
            Screen.FIRST_RUN: self._first_run,
            Screen.LOBBY: self._lobby,
            Screen.INCOMING: self._incoming,
            Screen.CALL: self._call,
            Screen.ROOM: self._room,
        }
        self._notice = NoticeBanner()
        self._recording, self._no_more = Banner("microphone", Tone.DANGER), Button("Stop recording", kind="plain")
        self._stack = QStackedWidget()
        self._trust, self._leaving = TrustDialog(self), LeavingQuestion(self)
        self._settings: SettingsDialog | None = None
        self._talk = TalkKey(self)
        self._lay_out()
        self._connect()
        self.resize(_SIZE.boundedTo(self.screen().availableSize()))
        self.apply(self._state)

    def apply(self, state: AppState) -> None:
        """Shows the state; what did not change is not touched."""
        self._state = state
        self._put_on_look()
        screen = screen_of(state)
        self._fill(screen)
        if screen is not self._screen:
            self._turn_to(screen)
        self._talk.set_live(can_hold_to_talk(state))
        self._recording.tell(recording_text(state))
        self._notice.tell(notice_text(state.notice))
        self._leaving.follow(leaving_text(state))
        self._trust.ask(trust_screen(state.trust) if state.trust is not None else None)
        if self._settings is not None and self._settings.isVisible():
            self._settings.apply(settings_screen(state), state.levels)

    def set_system_dark(self, dark: bool) -> None:
        """The desktop's own scheme, which the theme `system` follows."""
        self._system_is_dark = dark
        self._put_on_look()

    def open_settings(self) -> None:
        if self._screen in _NO_SETTINGS:
            return
        if self._settings is None:
            self._settings = SettingsDialog(self)
            self._settings.command.connect(self.command)
            self._settings.report_wanted.connect(self.report_wanted)
            wear(self._settings, self._worn())
        self._settings.apply(settings_screen(self._state), self._state.levels)
        self._settings.resize(self.size().boundedTo(QSize(self._worn().px(860), self.height())))
        self._settings.open()

    def tell_of_report(self, path: str, *, saved: bool) -> None:
        if self._settings is not None:
            self._settings.report.tell(path, saved=saved)

    def dial(self, fingerprint: str) -> None:
        """Puts a fingerprint into the dial field, as soon as there is one; calling it stays the user's decision."""
        self._to_dial = fingerprint
        if self._screen is Screen.LOBBY:
            self._lobby.focus_dial(fingerprint)
            self._to_dial = ""

    def ring_silently(self) -> None:
        """Nothing can be heard of the ringtone: be seen instead."""
        self._incoming.flash()

    def come_to_front(self) -> None:
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)  # a maximised one stays so
        self.show()
        self.raise_()
        self.activateWindow()

    def show_call(self) -> None:
        """Brings the window up, but takes the keyboard from nobody who sees it already and types elsewhere."""
        if self.isVisible() and not self.isMinimized():
            self.raise_()
        else:
            self.come_to_front()

    def quit(self) -> None:
        """Asks for the end of the program, at once where no call or stay in a room ends with it."""
        if going_on := leaving_text(self._state):
            self.come_to_front()
            self._leaving.ask(going_on)
        else:
            self.quit_wanted.emit()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self._talk.watch(self.windowHandle())

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Without a tray it is the end of the program, which may be asked about first."""
        if self._lives_on_when_closed():
            super().closeEvent(event)
            self.closed.emit()
        else:
            event.ignore()
            self.quit()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        spaced(column)
        self._recording.setObjectName("recording")
        self._recording.row.addWidget(self._no_more)
        column.addWidget(self._recording)
        column.addWidget(self._notice)
        column.addWidget(self._stack, 1)
        for page in self._pages.values():
            self._stack.addWidget(page)

    def _connect(self) -> None:
        for page in (self._lobby, self._call, self._room, self._incoming, self._first_run, self._unlock, self._trust):
            page.command.connect(self.command)
        for talking in (self._call, self._room):
            talking.quality_wanted.connect(self._change_quality)
            talking.talk_held.connect(lambda held: self._talk.hold(Holder.BUTTON, held))
        self._talk.held_changed.connect(lambda held: self.command.emit(HoldToTalk(held)))
        self._lobby.settings_wanted.connect(self.open_settings)
        self._leaving.confirmed.connect(self.quit_wanted)
        self._notice.command.connect(self.command)
        self._no_more.clicked.connect(self._stop_recording)
        QShortcut(QKeySequence(keys.SETTINGS), self, self.open_settings)
        QShortcut(QKeySequence(keys.SEARCH), self._lobby, self._lobby.focus_search)
        QShortcut(QKeySequence(keys.DIAL), self._lobby, self._lobby.focus_dial)

    def _change_quality(self, quality: str) -> None:
        settings = self._state.settings
        self.command.emit(ChangeSettings(replace(settings, call=replace(settings.call, quality=quality))))

    def _stop_recording(self) -> None:
        settings = self._state.settings
        self.command.emit(ChangeSettings(replace(settings, audio=replace(settings.audio, record_debug=False))))

    def _fill(self, screen: Screen) -> None:
        state = self._state
        match screen:
            case Screen.LOBBY:
                self._lobby.apply(lobby_screen(state, time.time()), state.settings)
            case Screen.FIRST_RUN:
                self._first_run.apply(first_run_screen(state))
            case Screen.INCOMING if state.call is not None:
                self._incoming.apply(incoming_screen(state, state.call))
            case Screen.CALL if state.call is not None:
                self._call.apply(call_screen(state, state.call), state.call.sas, state.levels)
            case Screen.ROOM if state.room is not None:
                self._room.apply(room_screen(state, state.room), state.levels)

    def _turn_to(self, screen: Screen) -> None:
        self._screen = screen
        if screen is Screen.INCOMING and self._settings is not None:
            self._settings.hide()  # or it would have to be closed before the call can be answered
        page = self._pages[screen]
        self._stack.setCurrentWidget(page)
        take_focus = getattr(page, "take_focus", None)
        if take_focus is not None:
            take_focus()
        if screen is Screen.LOBBY and self._to_dial:
            self.dial(self._to_dial)

    def _worn(self) -> Look:
        return self._look or Look()

    def _put_on_look(self) -> None:
        appearance = self._state.settings.appearance
        look = Look(chosen_palette(appearance.theme, self._system_is_dark), appearance.scale_percent / 100)
        if look == self._look:
            return
        self._look = look
        app = cast(QApplication, QApplication.instance())
        sheet = stylesheet(look)
        if app.styleSheet() != sheet:  # restyling every widget is the slowest thing here
            app.setPalette(qt_palette(look))
            app.setStyleSheet(sheet)
        self.setMinimumSize(look.px(360), look.px(240))
        wear(self, look)
