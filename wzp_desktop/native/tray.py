"""The icon in the desktop's tray."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from wzp_desktop import RESOURCES


class Tray(QObject):
    """Keeps the phone reachable while its window is closed; only where the desktop has a tray."""

    show_wanted = Signal()
    quit_wanted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.icon = QSystemTrayIcon(QIcon(str(RESOURCES / "icons" / "wzp-desktop.svg")), self)
        self.icon.setToolTip("WZP")
        self._menu = QMenu()
        self._menu.addAction("Show", self.show_wanted.emit)
        self._menu.addAction("Quit", self.quit_wanted.emit)
        self.icon.setContextMenu(self._menu)
        self.icon.activated.connect(self._on_activated)
        if QSystemTrayIcon.isSystemTrayAvailable():
            self.icon.show()

    def say(self, text: str) -> None:
        """What is going on, for who points at the icon; empty for nothing."""
        self.icon.setToolTip(f"WZP: {text}" if text else "WZP")

    def tell(self, title: str, text: str) -> None:
        """For a moment, beside the icon."""
        self.icon.showMessage(title, text)

    def is_there(self) -> bool:
        return self.icon.isVisible()

    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
            self.show_wanted.emit()
