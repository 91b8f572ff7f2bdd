"""Tells of a call through the desktop, with answers where the desktop can offer them."""

import html
import sys
from typing import Any

from PySide6.QtCore import QObject, QSocketNotifier, Signal
from PySide6.QtWidgets import QSystemTrayIcon

_NAME = "org.freedesktop.Notifications"
_PATH = "/org/freedesktop/Notifications"
_URGENT = 2


class CallNotification(QObject):
    """One notification at a time; its signals say what was clicked."""

    answered = Signal()
    declined = Signal()
    opened = Signal()

    def __init__(self, tray: QSystemTrayIcon | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tray = tray
        self._bus: _Bus | None = None
        self._looked_for_bus = False
        if tray is not None:
            tray.messageClicked.connect(self.opened)

    def show_call(self, name: str, text: str, *, answerable: bool) -> None:
        """`answerable` False leaves the decision to the window, which explains it."""
        bus = self._find_bus()
        if bus is not None:
            bus.notify(f"{name} is calling", text, answerable=answerable)
        elif self._tray is not None and self._tray.isVisible():
            self._tray.showMessage(f"{name} is calling", text)

    def withdraw(self) -> None:
        if self._bus is not None:
            self._bus.close_notification()

    def close(self) -> None:
        if self._bus is not None:
            self._bus.close()
            self._bus = None

    def _find_bus(self) -> "_Bus | None":
        if not self._looked_for_bus and sys.platform.startswith("linux"):
            self._looked_for_bus = True
            self._bus = _Bus.found(self)
            if self._bus is not None:
                self._bus.clicked.connect(self._on_clicked)
        return self._bus

    def _on_clicked(self, action: str) -> None:
        {"answer": self.answered, "decline": self.declined}.get(action, self.opened).emit()


class _Bus(QObject):
    """The desktop's notification service over D-Bus; never waits for it.

    By jeepney, which the keyring brings along: QtDBus in Python cannot send the unsigned numbers this service wants.
    """

    clicked = Signal(str)

    def __init__(self, connection: Any, parent: QObject) -> None:
        super().__init__(parent)
        from jeepney import DBusAddress, MatchRule, message_bus  # type: ignore[import-untyped]

        self._connection = connection
        self._service = DBusAddress(_PATH, bus_name=_NAME, interface=_NAME)
        self._shown = 0
        self._asked: int | None = None
        self._wanted = False
        self._notifier = QSocketNotifier(connection.sock.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._receive)
        for member in ("ActionInvoked", "NotificationClosed"):
            rule = MatchRule(type="signal", interface=_NAME, member=member, path=_PATH)
            connection.send(message_bus.AddMatch(rule))

    @classmethod
    def found(cls, parent: QObject) -> "_Bus | None":
        """None where this session has no bus."""
        try:
            from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]

            return cls(open_dbus_connection("SESSION"), parent)
        except (ImportError, KeyError, OSError, ValueError):
            return None

    def notify(self, title: str, text: str, *, answerable: bool) -> None:
        from jeepney import new_method_call

        actions = ["default", "Open", *(["answer", "Answer"] if answerable else []), "decline", "Decline"]
        hints = {"urgency": ("y", _URGENT), "category": ("s", "call.incoming"), "desktop-entry": ("s", "wzp-desktop")}
        body = ("WZP", self._shown, "wzp-desktop", title, html.escape(text), actions, hints, 0)
        self._wanted = True
        self._asked = self._send(new_method_call(self._service, "Notify", "susssasa{sv}i", body))

    def close_notification(self) -> None:
        from jeepney import new_method_call

        self._wanted = False
        if self._shown:
            self._send(new_method_call(self._service, "CloseNotification", "u", (self._shown,)))
            self._shown = 0

    def close(self) -> None:
        self._notifier.setEnabled(False)
        self._connection.close()

    def _send(self, message: Any) -> int | None:
        serial = next(self._connection.outgoing_serial)
        try:
            self._connection.send(message, serial=serial)
        except OSError:  # the bus has gone; the window still rings
            self._notifier.setEnabled(False)
            return None
        return int(serial)

    def _receive(self) -> None:
        while self._notifier.isEnabled():
            try:
                self._take(self._connection.receive(timeout=0))
            except TimeoutError:
                return
            except OSError:
                self._notifier.setEnabled(False)

    def _take(self, message: Any) -> None:
        from jeepney import HeaderFields, MessageType

        fields = message.header.fields
        if message.header.message_type is MessageType.method_return:
            if self._asked is not None and fields.get(HeaderFields.reply_serial) == self._asked:
                self._asked, self._shown = None, int(message.body[0])
                if not self._wanted:  # the call ended before the service answered
                    self.close_notification()
        elif fields.get(HeaderFields.interface) == _NAME and self._shown and message.body[:1] == (self._shown,):
            if fields.get(HeaderFields.member) == "ActionInvoked":
                self.clicked.emit(str(message.body[1]))
            elif fields.get(HeaderFields.member) == "NotificationClosed":
                self._shown = 0
