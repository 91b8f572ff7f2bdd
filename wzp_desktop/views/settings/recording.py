"""Whether sound is recorded for finding faults, and where."""

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from wzp_core.settings.schema import AudioSettings
from wzp_desktop.presenters.recording import recording_meaning
from wzp_desktop.views.choice import Switch
from wzp_desktop.views.look import spaced
from wzp_desktop.views.text import label, say


class RecordingSetup(QWidget):
    """Emits changes of the audio settings as functions of them."""

    edited = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._switch, self._meaning = Switch("Record calls and rooms"), label(role="muted")
        column = QVBoxLayout(self)
        spaced(column, gap=8)
        column.addWidget(label("Finding faults", "strong"))
        column.addWidget(self._switch)
        column.addWidget(self._meaning)
        self._switch.clicked.connect(lambda on: self.edited.emit(lambda audio: replace(audio, record_debug=on)))

    def apply(self, audio: AudioSettings, folder: str) -> None:
        """Hidden where no recordings can be made."""
        self._switch.setChecked(audio.record_debug)
        say(self._meaning, recording_meaning(folder))
        self.setVisible(bool(folder))
