"""The first start in three steps: name, sound, identity."""

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

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
_SOUND = 1  # the step with the microphone test


class FirstRunPage(QWidget):
    """Collects settings and hands them over at the end; its buttons are seen however low the window is."""

    command = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._settings = Settings()
        self._suggested = False
        self._alias = field("Your name", placeholder="The name others see", longest=_LONGEST_ALIAS)
        self._audio = AudioSetup()
        self._identicon, self._fingerprint = IdenticonButton(96), label(role="mono")
        self._copy = CopyButton("Copy my fingerprint", "Copy my fingerprint")
        self._progress = label(role="muted")
        self._back, self._next = Button("Back", "back", alt="b"), Button("Next", "next", "primary", alt="n")
        self._next.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # its icon comes after the word
        self._step, self._steps = 0, (self._name_step(), self._sound_step(), self._identity_step())
        self._lay_out()
        self._audio.edited.connect(self._edit_audio)
        self._audio.command.connect(self.command)
        self._alias.returnPressed.connect(self._go_on)
        self._back.clicked.connect(lambda: self._show_step(self._step - 1))
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
        page, bottom = ScrollPage(520), QFrame()
        page.column.addStretch(1)
        centred(page.column, AppMark(64), label("Welcome to WZP", "display"), self._progress)
        for card in self._steps:
            page.column.addWidget(card)
        page.column.addStretch(2)
        bottom.setObjectName("controls")
        row, column = QHBoxLayout(bottom), QVBoxLayout(self)
        spaced(row, margins=(16, 10, 16, 10))
        spaced(column)
        row.addLayout(beside(self._back, QWidget(), self._next, stretch=1))
        column.addWidget(page, 1)
        column.addWidget(bottom)
        self._page = page

    def _name_step(self) -> Card:
        card = Card("What shall others call you?")
        card.column.addWidget(self._alias)
        card.column.addWidget(
            label("No account and no telephone number are needed. You can change the name at any time.", "muted")
        )
        return card

    def _sound_step(self) -> Card:
        card = Card("Microphone and speaker")
        card.column.addWidget(self._audio)
        return card

    def _identity_step(self) -> Card:
        card = Card("This is you")
        centred(card.column, self._identicon, self._fingerprint, self._copy)
        card.column.addWidget(
            label(
                "Others call you by this fingerprint; nobody can take it from you. Under Settings you find 24 backup "
                "words: write them down, for they are the only way to get your identity back.",
                "muted",
            )
        )
        return card

    def _edit_audio(self, change: AudioEdit) -> None:
        """Kept here until the end, and told to the engine at once so that the test uses the chosen devices."""
        self._settings = replace(self._settings, audio=change(self._settings.audio))
        self.command.emit(ChangeSettings(self._settings))

    def _go_on(self) -> None:
        if self._step < len(self._steps) - 1:
            self._show_step(self._step + 1)
        else:
            self.command.emit(FinishFirstRun(replace(self._settings, alias=self._alias.text().strip())))

    def _show_step(self, step: int) -> None:
        if self._step == _SOUND and step != _SOUND:
            self.command.emit(TestMicrophone(on=False))
        if step == _SOUND:
            self.command.emit(RefreshDevices())
        last = len(self._steps) - 1
        self._step = step
        for at, card in enumerate(self._steps):
            card.setVisible(at == step)
        self._page.verticalScrollBar().setValue(0)
        self._progress.setText(f"Step {step + 1} of {last + 1}")
        self._back.setVisible(step > 0)
        self._next.set_caption("Start" if step == last else "Next")
        self._next.set_icon("check" if step == last else "next")
