"""Choosing microphone and speaker, their volumes, and hearing oneself."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from wzp_core.engine.commands import Command, RefreshDevices, TestMicrophone
from wzp_core.settings.schema import AudioSettings
from wzp_desktop.presenters.devices import DeviceChoices, device_label
from wzp_desktop.presenters.tone import Tone
from wzp_desktop.views.buttons import Button
from wzp_desktop.views.choice import Choice, SettledSlider, Slider
from wzp_desktop.views.frames import Banner, beside
from wzp_desktop.views.look import spaced
from wzp_desktop.views.meter import LevelMeter
from wzp_desktop.views.text import label

AudioEdit: TypeAlias = Callable[[AudioSettings], AudioSettings]


class AudioSetup(QWidget):
    """Emits changes of the audio settings as functions of them, and commands for the test."""

    edited = Signal(object)
    command = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._input, self._output = Choice("Microphone"), Choice("Speaker")
        self._in_volume, self._in_text = SettledSlider("Microphone volume", 0, 400, 5), label(wrap=False, role="muted")
        self._out_volume, self._out_text = SettledSlider("Speaker volume", 0, 400, 5), label(wrap=False, role="muted")
        self._test = Button("Test microphone", "microphone")
        self._meter = LevelMeter("Microphone level")
        self._problem = Banner("alert", Tone.DANGER)
        self._testing = False
        self._lay_out()
        self._input.chosen.connect(lambda name: self._edit(lambda audio: replace(audio, input_device=name)))
        self._output.chosen.connect(lambda name: self._edit(lambda audio: replace(audio, output_device=name)))
        for slider in (self._in_volume, self._out_volume):
            slider.valueChanged.connect(self._show_volumes)
        self._in_volume.settled.connect(lambda gain: self._edit(lambda audio: replace(audio, input_volume=gain / 100)))
        self._out_volume.settled.connect(
            lambda gain: self._edit(lambda audio: replace(audio, output_volume=gain / 100))
        )
        self._test.clicked.connect(lambda: self._send(TestMicrophone(on=not self._testing)))

    def apply(self, devices: DeviceChoices, audio: AudioSettings, *, testing: bool, level: float) -> None:
        self._input.set_options([(name, device_label(name)) for name in devices.inputs], audio.input_device)
        self._output.set_options([(name, device_label(name)) for name in devices.outputs], audio.output_device)
        self._in_volume.follow(round(audio.input_volume * 100))
        self._out_volume.follow(round(audio.output_volume * 100))
        self._show_volumes()
        self._problem.tell(devices.problem)
        self._testing = testing
        self._test.set_caption("Stop test" if testing else "Test microphone")
        self._meter.set_level(level if testing else 0.0)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        spaced(column, gap=8)
        refresh = Button("", "refresh", "plain", "Look for devices again")
        refresh.clicked.connect(lambda: self._send(RefreshDevices()))
        column.addWidget(self._problem)
        column.addWidget(label("Microphone", "strong"))
        column.addLayout(beside(self._input, refresh, stretch=0))
        column.addLayout(_volume_row(self._in_volume, self._in_text))
        column.addWidget(label("Speaker", "strong"))
        column.addWidget(self._output)
        column.addLayout(_volume_row(self._out_volume, self._out_text))
        column.addWidget(label("Speak during the test: the bar moves and you hear yourself.", "muted"))
        column.addLayout(beside(self._test, self._meter, stretch=1, gap=14))

    def _show_volumes(self) -> None:
        self._in_text.setText(f"{self._in_volume.value()} %")
        self._out_text.setText(f"{self._out_volume.value()} %")

    def _edit(self, change: AudioEdit) -> None:
        self.edited.emit(change)

    def _send(self, command: Command) -> None:
        self.command.emit(command)


def _volume_row(slider: Slider, text: QLabel) -> QHBoxLayout:
    return beside(label("Volume", "muted", wrap=False), slider, text, stretch=1)
