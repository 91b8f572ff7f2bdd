"""Saving a report of a fault."""

from pathlib import Path

from PySide6.QtCore import QStandardPaths, Signal
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from wzp_desktop.presenters.tone import Tone
from wzp_desktop.views.buttons import Button
from wzp_desktop.views.frames import Banner, beside
from wzp_desktop.views.look import spaced
from wzp_desktop.views.text import label

_FILE = "wzp-report.txt"


class ReportSetup(QWidget):
    """Emits the path that the user chose; `tell` says what came of it."""

    wanted = Signal(str)
    told = Signal(QWidget)  # what says how it went

    def __init__(self) -> None:
        super().__init__()
        self._save, self._outcome = Button("Save a report…"), Banner("info", Tone.NEUTRAL)
        column = QVBoxLayout(self)
        spaced(column, gap=8)
        column.addWidget(label("Something went wrong?", "strong"))
        column.addWidget(
            label(
                "A report is a text file for whoever helps you: version, system, sound devices, network check and "
                "the last log lines, without names, addresses and secrets. Nothing is sent by itself.",
                "muted",
            )
        )
        column.addLayout(beside(self._save, QWidget(), stretch=1))
        column.addWidget(self._outcome)
        self._save.clicked.connect(self._ask)

    def tell(self, path: str, *, saved: bool) -> None:
        if saved:
            self._outcome.tell(f"Saved as {path}. Read it before you send it.", Tone.GOOD)
        else:
            self._outcome.tell(f"{path} could not be written. Choose another folder.", Tone.DANGER)
        self.told.emit(self._outcome)

    def _ask(self) -> None:
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        chooser = QFileDialog(self, "Save a report", str(Path(folder) / _FILE), "Text (*.txt)")
        chooser.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        chooser.setDefaultSuffix("txt")
        chooser.selectFile(_FILE)
        chooser.fileSelected.connect(self.wanted)
        chooser.finished.connect(chooser.deleteLater)
        chooser.open()
