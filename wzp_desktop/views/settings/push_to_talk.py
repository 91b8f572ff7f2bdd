"""Whether the voice is sent only while a key is held, and how long after."""

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from wzp_core.settings.schema import AudioSettings
from wzp_desktop.views.audio_setup import AudioEdit
from wzp_desktop.views.choice import SettledSlider, Switch
from wzp_desktop.views.frames import beside
from wzp_desktop.views.look import spaced
from wzp_desktop.views.text import label

_LONGEST_MS, _STEP_MS = 2000, 50


class PushToTalkSetup(QWidget):
    """Emits changes of the audio settings as functions of them."""

    edited = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._switch = Switch("Push to talk")
        self._delay, self._delay_text = (
            SettledSlider("Release delay", 0, _LONGEST_MS, _STEP_MS),
            label(wrap=False, role="muted"),
        )
        self._delay_part = QWidget()
        column, delay = QVBoxLayout(self), QVBoxLayout(self._delay_part)
        spaced(column, gap=8)
        spaced(delay, gap=8)
        column.addWidget(label("Talking", "strong"))
        column.addWidget(self._switch)
        column.addWidget(
            label("You are heard only while you hold Space. In calls and rooms, Enter then presses buttons.", "muted")
        )
        column.addWidget(self._delay_part)
        delay.addLayout(beside(label("Release delay", "muted", wrap=False), self._delay, self._delay_text, stretch=1))
        delay.addWidget(label("Goes on sending after you let go, so that the last word is not cut off.", "muted"))
        self._switch.clicked.connect(self._on_switch)
        self._delay.valueChanged.connect(self._show_delay)
        self._delay.settled.connect(lambda ms: self._edit(lambda audio: replace(audio, release_delay_ms=ms)))

    def apply(self, audio: AudioSettings) -> None:
        self._switch.setChecked(audio.push_to_talk)
        self._delay_part.setVisible(audio.push_to_talk)
        self._delay.follow(audio.release_delay_ms)
        self._show_delay()

    def _on_switch(self, on: bool) -> None:
        self._delay_part.setVisible(on)
        self._edit(lambda audio: replace(audio, push_to_talk=on))

    def _show_delay(self) -> None:
        text = f"{self._delay.value()} ms"
        self._delay_text.setText(text)
        self._delay.setAccessibleDescription(text)

    def _edit(self, change: AudioEdit) -> None:
        self.edited.emit(change)
