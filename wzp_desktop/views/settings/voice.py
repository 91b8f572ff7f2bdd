"""What is done to the voice before it is sent."""

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from wzp_core.settings.schema import AudioSettings
from wzp_desktop.presenters.words import NOISE_SUPPRESSION, NOISE_SUPPRESSION_MEANING
from wzp_desktop.views.audio_setup import AudioEdit
from wzp_desktop.views.choice import Choice, Switch
from wzp_desktop.views.look import spaced
from wzp_desktop.views.text import label, say


class VoiceSetup(QWidget):
    """Emits changes of the audio settings as functions of them."""

    edited = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._echo, self._gain = Switch("Echo cancellation"), Switch("Automatic gain")
        self._noise, self._noise_meaning = Choice("Noise suppression"), label(role="muted")
        column = QVBoxLayout(self)
        spaced(column, gap=8)
        column.addWidget(label("Your voice", "strong"))
        column.addWidget(self._echo)
        column.addWidget(label("Keeps your speakers out of your microphone. Headphones do without.", "muted"))
        column.addWidget(self._gain)
        column.addWidget(label("Makes quiet and loud speech equally loud.", "muted"))
        column.addWidget(label("Noise suppression", "strong"))
        column.addWidget(self._noise)
        column.addWidget(self._noise_meaning)
        self._echo.clicked.connect(lambda on: self._edit(lambda audio: replace(audio, echo_cancellation=on)))
        self._gain.clicked.connect(lambda on: self._edit(lambda audio: replace(audio, automatic_gain=on)))
        self._noise.chosen.connect(self._on_noise)

    def apply(self, audio: AudioSettings) -> None:
        self._echo.setChecked(audio.echo_cancellation)
        self._gain.setChecked(audio.automatic_gain)
        self._noise.set_options(tuple(NOISE_SUPPRESSION.items()), audio.noise_suppression)
        say(self._noise_meaning, NOISE_SUPPRESSION_MEANING[audio.noise_suppression])

    def _on_noise(self, strength: str) -> None:
        say(self._noise_meaning, NOISE_SUPPRESSION_MEANING[strength])
        self._edit(lambda audio: replace(audio, noise_suppression=strength))

    def _edit(self, change: AudioEdit) -> None:
        self.edited.emit(change)
