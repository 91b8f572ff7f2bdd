"""The bar below calls and rooms: talk, mute, speaker, end; and the two level meters."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from wzp_core.engine.commands import Command, SetMuted
from wzp_core.session.state import Levels
from wzp_desktop.presenters import keys
from wzp_desktop.presenters.talk import TalkScreen
from wzp_desktop.presenters.tone import Tone
from wzp_desktop.views.buttons import ControlButton
from wzp_desktop.views.frames import IconLabel, centred
from wzp_desktop.views.look import set_tone, spaced
from wzp_desktop.views.meter import LevelMeter
from wzp_desktop.views.talk import TalkButton


class CallControls(QFrame):
    """Works with the keys m, s and q while it is visible; text fields keep these keys for themselves."""

    command = Signal(object)
    talk_held = Signal(bool)

    def __init__(self, end_caption: str, end_icon: str, end_command: Command) -> None:
        super().__init__()
        self.setObjectName("controls")
        self.mute = ControlButton("Mute", "microphone", on=("Unmute", "microphone-off"), key=keys.MUTE)
        self.speaker = ControlButton("Speaker off", "speaker", on=("Speaker on", "speaker-off"), key=keys.SPEAKER)
        self.end = ControlButton(end_caption, end_icon, kind="end", key=keys.END)
        self._talk = TalkButton()
        self._column, self._row = QVBoxLayout(self), QHBoxLayout()
        column, row = self._column, self._row
        spaced(column, margins=(16, 10, 16, 10), gap=10)
        spaced(row, gap=14)
        centred(column, self._talk)
        column.addLayout(row)
        row.addStretch(1)
        for button in (self.mute, self.speaker, self.end):
            row.addWidget(button)
            QShortcut(QKeySequence(button.key), self, button.click).setAutoRepeat(False)
        row.addStretch(1)
        self._talk.held.connect(self.talk_held)
        self.mute.clicked.connect(lambda: self._send(SetMuted(microphone=not self.mute.isChecked())))
        self.speaker.clicked.connect(lambda: self._send(SetMuted(speaker=not self.speaker.isChecked())))
        self.end.clicked.connect(lambda: self._send(end_command))

    def apply(self, talk: TalkScreen) -> None:
        self.mute.set_on(talk.mic_muted)
        self.speaker.set_on(talk.speaker_muted)
        self._talk.apply(talk)

    def set_low(self, low: bool) -> None:
        """All in one line, captions beside their icons, where height is scarce."""
        if low != (self._row.indexOf(self._talk) >= 0):
            self._column.removeWidget(self._talk)
            self._row.removeWidget(self._talk)
            if low:
                self._row.insertWidget(1, self._talk)
            else:
                self._column.insertWidget(0, self._talk, 0, Qt.AlignmentFlag.AlignHCenter)
            set_tone(self._talk, "low", low)
            for button in (self.mute, self.speaker, self.end):
                button.set_low(low)

    def _send(self, command: Command) -> None:
        self.command.emit(command)


class Meters(QWidget):
    """How loud we are and the others are."""

    def __init__(self) -> None:
        super().__init__()
        self._microphone, self._speaker = LevelMeter("Microphone level"), LevelMeter("Speaker level")
        row = QHBoxLayout(self)
        spaced(row, gap=8)
        self._mark, mark_of_speaker = IconLabel(16), IconLabel(16)
        mark_of_speaker.show_icon("speaker", Tone.NEUTRAL)
        for mark, meter in ((self._mark, self._microphone), (mark_of_speaker, self._speaker)):
            row.addWidget(mark)
            row.addWidget(meter, 1)

    def show_levels(self, levels: Levels, *, sending: bool) -> None:
        """`sending`: the others hear the microphone."""
        self._mark.show_icon("microphone" if sending else "microphone-off", Tone.NEUTRAL)
        self._microphone.set_live(sending)
        self._microphone.set_level(levels.microphone)
        self._speaker.set_level(levels.speaker)
