"""The desktop's own colour scheme."""

from typing import cast

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication


class SystemScheme(QObject):
    """Whether the system is dark now, and `dark_changed` when that changes."""

    dark_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._hints = cast(QApplication, QApplication.instance()).styleHints()
        self._hints.colorSchemeChanged.connect(self._on_changed)

    def is_dark(self) -> bool:
        return self._hints.colorScheme() is Qt.ColorScheme.Dark

    def _on_changed(self, scheme: Qt.ColorScheme) -> None:
        self.dark_changed.emit(scheme is Qt.ColorScheme.Dark)
