"""The ringtone, played by the system's own player.

Not through PortAudio: looking for devices anew restarts it, which would pull the stream from under the ringtone.
"""

import shutil
import sys
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from wzp_desktop import RESOURCES

RINGTONE = RESOURCES / "sounds" / "ringtone.wav"
_EVERY_MS = 6000  # desktop.md §6
_PLAYERS = (("pw-play",), ("paplay",), ("aplay", "-q"), ("afplay",))


class Ringtone(QObject):
    """Rings from `start` to `stop`; `failed` says that nothing can be heard."""

    failed = Signal()

    def __init__(self, sound: Path = RINGTONE, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sound = sound
        self._players = [player for player in _PLAYERS if shutil.which(player[0])]
        self._process = QProcess(self)
        self._process.finished.connect(self._on_finished)
        self._again = QTimer(self, interval=_EVERY_MS)
        self._again.timeout.connect(self._play)

    def start(self) -> None:
        if not self._again.isActive():
            self._again.start()
            self._play()

    def stop(self) -> None:
        if not self._again.isActive():
            return
        self._again.stop()
        if sys.platform == "win32":
            import winsound

            winsound.PlaySound(None, 0)
        elif self._process.state() is not QProcess.ProcessState.NotRunning:
            self._process.kill()
            self._process.waitForFinished(500)

    def _play(self) -> None:
        if sys.platform == "win32":
            self._play_on_windows()
        elif not self._players or not self._sound.is_file():
            self.failed.emit()
        elif self._process.state() is QProcess.ProcessState.NotRunning:
            program, *arguments = self._players[0]
            self._process.start(program, [*arguments, str(self._sound)])

    def _play_on_windows(self) -> None:
        if sys.platform == "win32":
            import winsound

            try:
                winsound.PlaySound(
                    str(self._sound), winsound.SND_FILENAME | winsound.SND_ASYNC | winsound.SND_NODEFAULT
                )
            except RuntimeError:
                self.failed.emit()

    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        """A player that cannot reach its sound server makes way for the next one."""
        if self._again.isActive() and (code or status is QProcess.ExitStatus.CrashExit):
            self._players.pop(0)
            self._play()
