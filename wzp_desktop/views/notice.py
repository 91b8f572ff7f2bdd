"""What the engine tells the user, until it is dismissed."""

from PySide6.QtCore import Signal

from wzp_core.engine.commands import DismissNotice
from wzp_desktop.presenters.tone import Tone
from wzp_desktop.views.buttons import Button
from wzp_desktop.views.frames import Banner


class NoticeBanner(Banner):
    """Stands in the window, and in a dialog that covers it."""

    command = Signal(object)

    def __init__(self) -> None:
        super().__init__("info", Tone.WARNING)
        self.setObjectName("notice")
        dismiss = Button("Dismiss", kind="plain")
        self.row.addWidget(dismiss)
        dismiss.clicked.connect(lambda: self.command.emit(DismissNotice()))
