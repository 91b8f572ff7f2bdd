"""Somebody calls."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout

from wzp_core.engine.commands import Answer, AnswerCall
from wzp_core.protocol.ids import CallId
from wzp_desktop.presenters.incoming import IncomingScreen
from wzp_desktop.presenters.tone import Tone
from wzp_desktop.views.buttons import Button
from wzp_desktop.views.frames import Banner, Card, ScrollPage, rule
from wzp_desktop.views.head import Head, is_low
from wzp_desktop.views.look import Look
from wzp_desktop.views.text import label, say, say_name, show_fingerprint

_FLASH_MS = 600  # slower than three a second (WCAG 2.3.1)


class IncomingPage(ScrollPage):
    """Three answers, each with what it means."""

    command = Signal(object)

    def __init__(self) -> None:
        super().__init__(580, margins=(20, 12, 20, 12), gap=9)
        self.setAccessibleName("Incoming call")
        self._call_id = ""
        self._look = Look()
        self._fingerprint = label(role="mono")
        self._head = Head(104, (label("is calling you", "timer"), self._fingerprint), ())
        self._acquaintance = Banner("person", Tone.NEUTRAL)
        self._warning = Banner("lock-open", Tone.WARNING)
        self._silent = Banner("speaker-off", Tone.ACCENT)
        self._flashes = QTimer(self, interval=_FLASH_MS)
        self._flashes.timeout.connect(self._blink)
        self._answer, self._answer_meaning = Button("Answer", "phone", "primary", alt="a"), label(role="muted")
        self._private, self._private_meaning = Button("Answer privately", "eye-off", alt="p"), label(role="muted")
        self._decline, self._decline_meaning = Button("Decline", "hang-up", "danger", alt="d"), label(role="muted")
        self._lay_out()
        self._answer.clicked.connect(lambda: self._say(Answer.TRUSTED))
        self._private.clicked.connect(lambda: self._say(Answer.PRIVATE))
        self._decline.clicked.connect(lambda: self._say(Answer.DECLINE))

    def apply(self, screen: IncomingScreen) -> None:
        self._call_id = screen.call_id
        self._head.identicon.set_fingerprint(screen.fingerprint)
        say_name(self._head.name, screen.name)
        show_fingerprint(self._fingerprint, screen.fingerprint)
        self._acquaintance.tell(screen.acquaintance, screen.tone)
        self._warning.tell(screen.warning)
        self._answer.set_caption(screen.answer)
        self._private.set_caption(screen.private)
        say(self._answer_meaning, screen.answer_meaning)
        say(self._private_meaning, screen.private_meaning)
        say(self._decline_meaning, screen.decline_meaning)

    def take_focus(self) -> None:
        """On the page, not on a button: what is being typed when the call comes must not answer it."""
        self.setFocus()

    def flash(self) -> None:
        """Stands in for a ringtone that cannot be played, while the page is seen."""
        self._silent.tell("The ringtone cannot be played on this computer.", Tone.ACCENT)
        if self.isVisible():
            self._flashes.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self._flashes.stop()
        self._silent.tell("")

    def set_look(self, look: Look) -> None:
        self._look = look
        self._head.set_low(is_low(self, look))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        self._head.set_low(is_low(self, self._look))
        super().resizeEvent(event)

    def _blink(self) -> None:
        bright = self._silent.property("tone") == Tone.ACCENT.value
        self._silent.tell(self._silent.text(), Tone.WARNING if bright else Tone.ACCENT)

    def _lay_out(self) -> None:
        self.column.addStretch(1)
        self.column.addWidget(self._head)
        self.column.addWidget(self._acquaintance)
        self.column.addWidget(self._silent)
        self.column.addWidget(self._warning)
        card = Card()
        _add_answer(card.column, self._answer, self._answer_meaning)
        card.column.addWidget(rule())
        _add_answer(card.column, self._private, self._private_meaning)
        card.column.addWidget(rule())
        _add_answer(card.column, self._decline, self._decline_meaning)
        self.column.addWidget(card)
        self.column.addStretch(2)

    def _say(self, answer: Answer) -> None:
        self.command.emit(AnswerCall(CallId(self._call_id), answer))


def _add_answer(column: QVBoxLayout, button: Button, meaning: QLabel) -> None:
    column.addWidget(button)
    column.addWidget(meaning)
