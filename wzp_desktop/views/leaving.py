"""Asks before the end of the program ends a call."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMessageBox, QWidget


class LeavingQuestion(QMessageBox):
    """Escape and Enter stay."""

    confirmed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("WZP")
        self.setIcon(QMessageBox.Icon.Question)
        self.setInformativeText("It ends with the program.")
        stay = self.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
        self._end = self.addButton("End and close", QMessageBox.ButtonRole.DestructiveRole)
        self.setDefaultButton(stay)
        self.setEscapeButton(stay)
        for button in (stay, self._end):
            button.setAccessibleName(button.text())
        self._end.clicked.connect(self.confirmed)

    def ask(self, text: str) -> None:
        self.setText(text)
        self.open()

    def follow(self, text: str) -> None:
        """There is nothing to ask about any more where the text is empty."""
        if not text and self.isVisible():
            self.hide()
