"""The only crossing between the engine's thread and Qt's: states up, commands down."""

import threading
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from wzp_core.engine.commands import Command
from wzp_core.session.state import AppState, Levels

_METER_INTERVAL_MS = 100


class Bridge(QObject):
    """Delivers only the newest state; one that differs by meters alone, at most ten times a second."""

    state_changed = Signal(object)
    failed = Signal(object)
    _woken = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._newest: AppState | None = None
        self._is_waking = False
        self._delivered: AppState | None = None
        self._post: Callable[[Command], None] | None = None
        self._meters = QTimer(self, singleShot=True, interval=_METER_INTERVAL_MS)
        self._meters.timeout.connect(self._deliver)
        self._woken.connect(self._on_woken, Qt.ConnectionType.QueuedConnection)

    def connect_engine(self, post: Callable[[Command], None]) -> None:
        """`post` must be callable from Qt's thread."""
        self._post = post

    def publish(self, state: AppState) -> None:
        """From any thread."""
        with self._lock:
            self._newest = state
            if self._is_waking:
                return
            self._is_waking = True
        self._woken.emit()

    def fail(self, failure: BaseException) -> None:
        """From any thread: the engine has stopped and will not come back."""
        self.failed.emit(failure)

    @Slot(object)
    def send(self, command: Command) -> None:
        """On Qt's thread; without an engine there is nobody to ask, and nothing happens."""
        if self._post is not None:
            self._post(command)

    @Slot()
    def _on_woken(self) -> None:
        with self._lock:
            self._is_waking = False
            newest = self._newest
        if newest is None:
            return
        if self._delivered is not None and _without_meters(newest) == _without_meters(self._delivered):
            if not self._meters.isActive():
                self._meters.start()
        else:
            self._meters.stop()
            self._deliver()

    @Slot()
    def _deliver(self) -> None:
        with self._lock:
            newest = self._newest
        if newest is not None and newest is not self._delivered:
            self._delivered = newest
            self.state_changed.emit(newest)


def _without_meters(state: AppState) -> AppState:
    return replace(state, levels=Levels())
