"""A running clock that ticks only while it is seen and something runs."""

import time

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QLabel

from wzp_desktop.presenters.moments import duration_text

_TICK_MS = 1000


class TimerLabel(QLabel):
    """Shows how long ago a moment was."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "timer")
        self._since: float | None = None
        self._tick = QTimer(self, interval=_TICK_MS)
        self._tick.timeout.connect(self._show)
        self.hide()

    def run_since(self, since_unix: float | None) -> None:
        """Starts, or with None stops and hides."""
        if since_unix != self._since:
            self._since = since_unix
            self.setVisible(since_unix is not None)
            self._start_or_stop()

    def ticking(self) -> bool:
        return self._tick.isActive()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self._start_or_stop()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self._start_or_stop()

    def _start_or_stop(self) -> None:
        if self._since is not None and self.isVisible():
            self._show()
            self._tick.start()
        else:
            self._tick.stop()

    def _show(self) -> None:
        if self._since is not None:
            text = duration_text(time.time() - self._since)
            self.setText(text)
            self.setAccessibleName(f"Duration {text}")
