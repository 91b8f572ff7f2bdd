"""Asks the user about changed keys and lost protection."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from wzp_core.engine.commands import AnswerTrust
from wzp_desktop.presenters.tone import Tone
from wzp_desktop.presenters.trust import TrustScreen
from wzp_desktop.views.buttons import Button
from wzp_desktop.views.frames import Card, IconLabel, ScrollPage, beside
from wzp_desktop.views.look import Look, spaced
from wzp_desktop.views.text import label, say, say_name, show_fingerprint

_WIDTH = 560  # at 100 %


class TrustDialog(QDialog):
    """Closing it in any way but by the accepting button refuses."""

    command = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setModal(True)
        self._window = parent
        self._screen: TrustScreen | None = None
        self._look, self._page = Look(), ScrollPage(_WIDTH, gap=14)
        self._title, self._text = label(role="title"), label()
        self._old, self._new = label(role="mono"), label(role="mono")
        self._old_heading, self._new_heading = label("Known so far", "strong"), label("Now", "strong")
        self._accept, self._refuse = Button("Accept"), Button("Cancel", kind="primary")
        self._lay_out()
        self._accept.clicked.connect(lambda: self._answer(accepted=True))
        self._refuse.clicked.connect(self.reject)

    def ask(self, screen: TrustScreen | None) -> None:
        """Opens with a question, follows a changed one, closes when there is none."""
        if screen == self._screen:
            return
        self._screen = screen
        if screen is None:
            self.hide()
            return
        self.setWindowTitle(screen.title)
        say_name(self._title, screen.title)
        say(self._text, screen.text)
        show_fingerprint(self._old, screen.old)
        self._old.setVisible(bool(screen.old))
        self._old_heading.setVisible(bool(screen.old))
        self._new_heading.setText("Now" if screen.old else "Fingerprint")
        show_fingerprint(self._new, screen.new)
        self._accept.set_caption(screen.accept)
        self._refuse.set_caption(screen.refuse)
        self._fit()
        self.open()
        self._refuse.setFocus()

    def reject(self) -> None:
        self._answer(accepted=False)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        event.ignore()
        self._answer(accepted=False)

    def _answer(self, *, accepted: bool) -> None:
        """Hides at once; a question that comes again later is asked again."""
        if self._screen is not None:
            question, self._screen = self._screen.question, None
            self.hide()
            self.command.emit(AnswerTrust(accept=accepted, question=question))

    def set_look(self, look: Look) -> None:
        self._look = look

    def _fit(self) -> None:
        """As high as its text, but never larger than the window it belongs to."""
        width = min(self._look.px(_WIDTH), self._window.width())
        height = self._page.needed_height(width)
        self.resize(width, min(height + self._look.px(8), self._window.height()))

    def _lay_out(self) -> None:
        page = self._page
        mark = IconLabel(28)
        mark.show_icon("alert", Tone.WARNING)
        page.column.addLayout(beside(mark, self._title, stretch=1, gap=14))
        page.column.addWidget(self._text)
        card = Card()
        for part in (self._old_heading, self._old, self._new_heading, self._new):
            card.column.addWidget(part)
        page.column.addWidget(card)
        page.column.addStretch(1)
        page.column.addWidget(self._refuse)
        page.column.addWidget(self._accept)
        column = QVBoxLayout(self)
        spaced(column)
        column.addWidget(page)
        self.setWindowFlag(Qt.WindowType.WindowContextHelpButtonHint, False)
