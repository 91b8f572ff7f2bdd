"""Microphone and speaker, what is done to the voice, and when it is sent."""

from dataclasses import replace

from wzp_desktop.presenters.settings import SettingsScreen
from wzp_desktop.views.audio_setup import AudioEdit, AudioSetup
from wzp_desktop.views.frames import rule
from wzp_desktop.views.settings.heard import HeardSetup
from wzp_desktop.views.settings.push_to_talk import PushToTalkSetup
from wzp_desktop.views.settings.recording import RecordingSetup
from wzp_desktop.views.settings.section import Section
from wzp_desktop.views.settings.voice import VoiceSetup


class AudioSection(Section):
    def __init__(self) -> None:
        super().__init__("Sound", "microphone", "s")
        self._setup, self._voice, self._talk = AudioSetup(), VoiceSetup(), PushToTalkSetup()
        self._setup.command.connect(self.command)
        self._heard, self._recording = HeardSetup(), RecordingSetup()
        parts = (self._voice, self._heard, self._talk, self._recording)
        self.column.addWidget(self._setup)
        for below in parts:
            self.column.addWidget(rule())
            self.column.addWidget(below)
        for part in (self._setup, *parts):
            part.edited.connect(self._on_edited)

    def apply(self, screen: SettingsScreen, level: float) -> None:
        self._setup.apply(screen.devices, screen.settings.audio, testing=screen.mic_test, level=level)
        self._voice.apply(screen.settings.audio)
        self._heard.apply(screen.settings.audio)
        self._talk.apply(screen.settings.audio)
        self._recording.apply(screen.settings.audio, screen.recordings)

    def _on_edited(self, change: AudioEdit) -> None:
        self.edit(lambda settings: replace(settings, audio=change(settings.audio)))
