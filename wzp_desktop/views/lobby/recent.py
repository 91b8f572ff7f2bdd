"""Whom we spoke with: pictures of the latest contacts, and every call."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QMessageBox, QWidget

from wzp_core.engine.commands import ClearHistory, PlaceCall
from wzp_core.protocol.ids import Fingerprint
from wzp_desktop.models.history import history_model
from wzp_desktop.presenters.lobby import HistoryRow, LobbyScreen, RecentContact
from wzp_desktop.views.buttons import Button
from wzp_desktop.views.contact_button import ContactButton
from wzp_desktop.views.frames import Card, beside
from wzp_desktop.views.look import spaced
from wzp_desktop.views.row_list import RowList
from wzp_desktop.views.text import label

_MOST = 6


class RecentCard(Card):
    command = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._history = history_model(self)
        self._list = RowList("Call history", self._history, action="Call", least=2, most=3)
        self._list.set_empty_text("Your calls appear here.")
        self._clear = Button("Clear", "trash", "plain", "Clear call history")
        self._contacts = [ContactButton() for _ in range(_MOST)]
        self._pictures = QWidget()
        row = QHBoxLayout(self._pictures)
        spaced(row, gap=4)
        for contact in self._contacts:
            contact.clicked.connect(lambda _=False, button=contact: self._call(button.contact))
            row.addWidget(contact)
        row.addStretch(1)
        self.column.addLayout(beside(label("Recent", "heading"), self._clear, stretch=0))
        self.column.addWidget(self._pictures)
        self.column.addWidget(self._list, 1)
        self._list.wanted.connect(self._call)
        self._clear.clicked.connect(self._ask_to_clear)

    def apply(self, screen: LobbyScreen) -> None:
        self._pictures.setVisible(bool(screen.recent))
        for at, button in enumerate(self._contacts):
            button.setVisible(at < len(screen.recent))
            button.setEnabled(screen.can_call)
            if at < len(screen.recent):
                button.show_contact(screen.recent[at])
        self._history.replace(screen.history)
        self._list.set_action_enabled(screen.can_call)
        self._clear.setVisible(bool(screen.history))

    def _call(self, wanted: RecentContact | HistoryRow) -> None:
        self.command.emit(PlaceCall(Fingerprint(wanted.fingerprint)))

    def _ask_to_clear(self) -> None:
        question = QMessageBox(QMessageBox.Icon.Question, "Clear call history?", "Clear call history?", parent=self)
        question.setInformativeText("The list of calls is deleted. Contacts and their verification stay.")
        question.setStandardButtons(QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.Cancel)
        question.setDefaultButton(QMessageBox.StandardButton.Cancel)
        question.button(QMessageBox.StandardButton.Yes).setText("Clear")
        question.buttonClicked.connect(
            lambda button: self._on_answer(question.standardButton(button) is QMessageBox.StandardButton.Yes)
        )
        question.finished.connect(question.deleteLater)
        question.open()

    def _on_answer(self, cleared: bool) -> None:
        if cleared:
            self.command.emit(ClearHistory())
