"""What is done to the voices of others."""

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from wzp_core.settings.schema import AudioSettings
from wzp_desktop.views.audio_setup import AudioEdit
from wzp_desktop.views.choice import Switch
from wzp_desktop.views.look import spaced
from wzp_desktop.views.text import label


class HeardSetup(QWidget):
    """Emits changes of the audio settings as functions of them."""

    edited = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._level = Switch("Same loudness for everybody")
        column = QVBoxLayout(self)
        spaced(column, gap=8)
        column.addWidget(label("Others' voices", "strong"))
        column.addWidget(self._level)
        column.addWidget(label("Slowly turns quiet people up and loud ones down while they speak.", "muted"))
        self._level.clicked.connect(lambda on: self._edit(lambda audio: replace(audio, level_heard=on)))

    def apply(self, audio: AudioSettings) -> None:
        self._level.setChecked(audio.level_heard)

    def _edit(self, change: AudioEdit) -> None:
        self.edited.emit(change)
