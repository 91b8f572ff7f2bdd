"""The first start in three steps: name, sound, identity."""

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from wzp_core.engine.commands import ChangeSettings, FinishFirstRun, RefreshDevices, TestMicrophone
from wzp_core.settings.schema import Settings
from wzp_desktop.presenters.first_run import FirstRunScreen
from wzp_desktop.views.audio_setup import AudioEdit, AudioSetup
from wzp_desktop.views.buttons import Button, CopyButton
from wzp_desktop.views.frames import Card, ScrollPage, beside, centred
from wzp_desktop.views.identicon import IdenticonButton
from wzp_desktop.views.look import spaced
from wzp_desktop.views.text import field, label, show_fingerprint
from wzp_desktop.views.unlock import AppMark

_LONGEST_ALIAS = 48


class FirstRunPage(ScrollPage):
    """Collects settings and hands them over at the end."""

    command = Signal(object)

    def __init__(self) -> None:
        super().__init__(520)
        self._settings = Settings()
        self._suggested = False
        self._alias = field("Your name", placeholder="The name others see", longest=_LONGEST_ALIAS)
        self._audio = AudioSetup()
        self._identicon, self._fingerprint = IdenticonButton(96), label(role="mono")
        self._copy = CopyButton("Copy my fingerprint", "Copy my fingerprint")
        self._steps = QStackedWidget()
        self._progress = label(role="muted")
        self._back, self._next = Button("Back", "back"), Button("Next", "next", "primary")
        for step in (self._name_step(), self._sound_step(), self._identity_step()):
            self._steps.addWidget(step)
        self._lay_out()
        self._audio.edited.connect(self._edit_audio)
        self._audio.command.connect(self.command)
        self._alias.returnPressed.connect(self._go_on)
        self._back.clicked.connect(lambda: self._show_step(self._steps.currentIndex() - 1))
        self._next.clicked.connect(self._go_on)
        self._show_step(0)

    def apply(self, screen: FirstRunScreen) -> None:
        if not self._suggested and screen.suggested_alias:
            self._suggested = True
            self._settings = screen.settings
            self._alias.setText(screen.suggested_alias)
            self._alias.selectAll()
        self._audio.apply(screen.devices, self._settings.audio, testing=screen.mic_test, level=screen.level)
        self._identicon.set_fingerprint(screen.fingerprint)
        show_fingerprint(self._fingerprint, screen.fingerprint)
        self._copy.set_content(screen.fingerprint)

    def take_focus(self) -> None:
        self._alias.setFocus()

    def _lay_out(self) -> None:
        self.column.addStretch(1)
        centred(self.column, AppMark(64), label("Welcome to WZP", "display"), self._progress)
        self.column.addWidget(self._steps)
        self.column.addLayout(beside(self._back, QWidget(), self._next, stretch=1))
        self.column.addStretch(2)

    def _name_step(self) -> QWidget:
        card = Card("What shall others call you?")
        card.column.addWidget(self._alias)
        card.column.addWidget(
            label("No account and no telephone number are needed. You can change the name at any time.", "muted")
        )
        return _at_top(card)

    def _sound_step(self) -> QWidget:
        card = Card("Microphone and speaker")
        card.column.addWidget(self._audio)
        return _at_top(card)

    def _identity_step(self) -> QWidget:
        card = Card("This is you")
        centred(card.column, self._identicon, self._fingerprint, self._copy)
        card.column.addWidget(
            label(
                "Others call you by this fingerprint; nobody can take it from you. Under Settings you find 24 backup "
                "words: write them down, for they are the only way to get your identity back.",
                "muted",
            )
        )
        return _at_top(card)

    def _edit_audio(self, change: AudioEdit) -> None:
        """Kept here until the end, and told to the engine at once so that the test uses the chosen devices."""
        self._settings = replace(self._settings, audio=change(self._settings.audio))
        self.command.emit(ChangeSettings(self._settings))

    def _go_on(self) -> None:
        if self._steps.currentIndex() < self._steps.count() - 1:
            self._show_step(self._steps.currentIndex() + 1)
        else:
            self.command.emit(FinishFirstRun(replace(self._settings, alias=self._alias.text().strip())))

    def _show_step(self, step: int) -> None:
        if self._steps.currentIndex() == 1 and step != 1:
            self.command.emit(TestMicrophone(on=False))
        if step == 1:
            self.command.emit(RefreshDevices())
        last = self._steps.count() - 1
        self._steps.setCurrentIndex(step)
        self._progress.setText(f"Step {step + 1} of {last + 1}")
        self._back.setVisible(step > 0)
        self._next.set_caption("Start" if step == last else "Next")
        self._next.set_icon("check" if step == last else "next")


def _at_top(card: Card) -> QWidget:
    """The steps differ in height; the shorter ones stay small."""
    holder = QWidget()
    column = QVBoxLayout(holder)
    spaced(column)
    column.addWidget(card)
    column.addStretch(1)
    return holder
