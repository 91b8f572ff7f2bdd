"""The composition root: application, window, desktop services and the engine's host."""

import logging
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from PySide6.QtCore import QObject, QSocketNotifier
from PySide6.QtWidgets import QApplication, QMessageBox

from wzp_core.engine.commands import Answer, AnswerCall, Command
from wzp_core.logs import event, logger
from wzp_core.protocol.ids import CallId
from wzp_core.session.state import AppState
from wzp_desktop.bridge import Bridge
from wzp_desktop.native.notification import CallNotification
from wzp_desktop.native.report import write_report
from wzp_desktop.native.ringtone import Ringtone
from wzp_desktop.native.single_instance import SingleInstance
from wzp_desktop.native.theme import SystemScheme
from wzp_desktop.native.tray import Tray
from wzp_desktop.presenters.announcement import Announcement, announcement
from wzp_desktop.presenters.fingerprints import typed_fingerprint
from wzp_desktop.presenters.leaving import leaving_text
from wzp_desktop.presenters.names import in_sentence
from wzp_desktop.views.icons import app_icon
from wzp_desktop.views.main_window import MainWindow

log = logger("desktop")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line asks of the app."""

    profile: str = ""
    relay: str = ""  # host:port; empty means the settings' choice
    link: str = ""  # wzp:FINGERPRINT
    ask_outside: bool = True  # STUN servers and the router, within the settings


class Host(Protocol):
    """Where the engine runs."""

    def post(self, command: Command) -> None:
        """From any thread."""


MakeHost: TypeAlias = Callable[
    [Options, Callable[[AppState], None], Callable[[BaseException], None]], AbstractContextManager[Host]
]
"""Options, what to call with every state, what to call when the engine fails; both from any thread."""


def run_app(options: Options, make_host: MakeHost) -> int:
    """Shows the window until the user quits; returns the exit code.

    The user interface has no coroutines of its own, so that Qt's loop runs bare; asyncio is the engine's alone.
    """
    qt = QApplication(sys.argv[:1])
    qt.setApplicationName("wzp-desktop")
    qt.setApplicationDisplayName("WZP")
    qt.setDesktopFileName("wzp-desktop")
    qt.setWindowIcon(app_icon())
    qt.setStyle("Fusion")
    qt.setQuitOnLastWindowClosed(False)
    instance = SingleInstance(options.profile)
    if not instance.claim():
        return 0 if instance.hand_over(options.link) else 1
    bridge = Bridge()
    desk = Desk(bridge, instance)
    desk.open(options.link)
    qt.processEvents()
    with make_host(options, bridge.publish, bridge.fail) as host:
        bridge.connect_engine(host.post)
        with _Interrupts():
            code = qt.exec()
        desk.close()
    instance.release()
    return code


class Desk(QObject):
    """Everything that reacts to states besides the engine: window, ringtone, notification, tray."""

    def __init__(self, bridge: Bridge, instance: SingleInstance) -> None:
        super().__init__()
        self._bridge = bridge
        self._scheme, self._tray = SystemScheme(self), Tray(self)
        self._window = MainWindow(self._tray.is_there)
        self._state = AppState()
        self._ringtone, self._notification = Ringtone(parent=self), CallNotification(self._tray.icon, self)
        self._announced: Announcement | None = None
        self._told_of_tray = False
        self._window.set_system_dark(self._scheme.is_dark())
        self._scheme.dark_changed.connect(self._window.set_system_dark)
        self._window.command.connect(bridge.send)
        self._window.closed.connect(self._on_closed)
        self._window.quit_wanted.connect(_end)
        self._window.report_wanted.connect(self._write_report)
        bridge.state_changed.connect(self._on_state)
        bridge.failed.connect(self._on_failed)
        instance.asked.connect(self.open)
        self._tray.show_wanted.connect(self._window.come_to_front)
        self._tray.quit_wanted.connect(self._window.quit)
        self._ringtone.failed.connect(self._window.ring_silently)
        self._notification.answered.connect(lambda: self._answer(Answer.TRUSTED))
        self._notification.declined.connect(lambda: self._answer(Answer.DECLINE))
        self._notification.opened.connect(self._window.come_to_front)

    def open(self, link: str) -> None:
        """Brings the window to the front; a link's fingerprint waits in the dial field."""
        self._window.come_to_front()
        fingerprint = typed_fingerprint(link)
        if fingerprint is not None:
            self._window.dial(fingerprint)

    def close(self) -> None:
        self._ringtone.stop()
        self._notification.withdraw()
        self._notification.close()
        self._tray.icon.hide()

    def _on_state(self, state: AppState) -> None:
        self._window.apply(state)
        self._state = state
        self._tray.say(leaving_text(state))
        announced = announcement(state)
        if announced == self._announced:
            return
        before, self._announced = self._announced, announced
        if announced is None:
            self._ringtone.stop()
            self._notification.withdraw()
        elif before is None or before.call_id != announced.call_id:
            self._ringtone.start()
            self._notification.show_call(in_sentence(announced.name), announced.text, answerable=announced.answerable)
            QApplication.alert(self._window)
            self._window.show_call()

    def _answer(self, answer: Answer) -> None:
        if self._announced is not None:
            self._bridge.send(AnswerCall(CallId(self._announced.call_id), answer))
            if answer is not Answer.DECLINE:
                self._window.come_to_front()

    def _on_closed(self) -> None:
        """The phone stays reachable in the tray; that is told of what goes on, and else once."""
        if going_on := leaving_text(self._state):
            self._tray.tell(going_on, "It goes on. Click the icon to open the window again.")
        elif not self._told_of_tray:
            self._tray.tell("WZP keeps running.", "Click the icon to open the window again. Its menu ends it.")
        self._told_of_tray = True

    def _write_report(self, path: str) -> None:
        try:
            write_report(Path(path), self._state)
        except OSError as error:
            event(log, "report:not_written", level=logging.WARNING, error=error)
            self._window.tell_of_report(path, saved=False)
        else:
            self._window.tell_of_report(path, saved=True)

    def _on_failed(self, failure: BaseException) -> None:
        event(log, "engine:stopped", level=logging.ERROR, error=failure)
        box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.Critical)
        box.setWindowTitle("WZP")
        box.setText("The phone has stopped because of an error. Start it again.")
        box.setInformativeText(type(failure).__name__)
        box.finished.connect(lambda _: QApplication.exit(1))
        box.open()


def engine_host(
    options: Options, on_state: Callable[[AppState], None], on_failure: Callable[[BaseException], None]
) -> AbstractContextManager[Host]:
    """The engine in its own thread, over the real world."""
    # Loaded here, with the window already on the screen: these take longer to import than Qt.
    from wzp_core.compose import LanDiscovery, has_dred, make_world
    from wzp_core.engine.engine import Engine
    from wzp_core.engine.host import EngineHost
    from wzp_desktop.own_relay import EmbeddedRelay

    def make_engine() -> Engine:
        world = make_world(
            profile=options.profile,
            own_relay=EmbeddedRelay(),
            discovery=LanDiscovery(),
            ask_outside=options.ask_outside,
        )
        return Engine(world, on_state, relay=options.relay, has_dred=has_dred())

    return EngineHost(make_engine, on_failure)


def _end() -> None:
    """Not `quit`, which asks every window first and goes on where one has a question, such as ours about a call."""
    QApplication.exit(0)


class _Interrupts:
    """Lets SIGINT and SIGTERM end the Qt loop at once, without a timer that looks for them."""

    def __enter__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._before = signal.set_wakeup_fd(self._writer.fileno())
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._wake)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: _end())

    def __exit__(self, *_: object) -> None:
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._before)
        self._reader.close()
        self._writer.close()

    def _wake(self) -> None:
        """Back in Python, the interpreter runs the handler."""
        self._reader.recv(64)
