"""Microphone and speaker."""

from dataclasses import replace

from wzp_desktop.presenters.settings import SettingsScreen
from wzp_desktop.views.audio_setup import AudioEdit, AudioSetup
from wzp_desktop.views.settings.section import Section


class AudioSection(Section):
    def __init__(self) -> None:
        super().__init__("Sound", "microphone")
        self._setup = AudioSetup()
        self.column.addWidget(self._setup)
        self._setup.command.connect(self.command)
        self._setup.edited.connect(self._on_edited)

    def apply(self, screen: SettingsScreen, level: float) -> None:
        self._setup.apply(screen.devices, screen.settings.audio, testing=screen.mic_test, level=level)

    def _on_edited(self, change: AudioEdit) -> None:
        self.edit(lambda settings: replace(settings, audio=change(settings.audio)))
