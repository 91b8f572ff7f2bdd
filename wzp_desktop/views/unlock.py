"""Asks for the passphrase of the sealed key file; and the page before anything is known."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QLabel

from wzp_core.engine.commands import Unlock
from wzp_desktop.views.buttons import Button
from wzp_desktop.views.frames import Card, ScrollPage, centred
from wzp_desktop.views.icons import app_icon
from wzp_desktop.views.look import Look
from wzp_desktop.views.text import field, label


class AppMark(QLabel):
    """The program's picture."""

    def __init__(self, side: int = 72) -> None:
        super().__init__()
        self._side = side
        self.setAccessibleName("WZP")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)

    def set_look(self, look: Look) -> None:
        side = look.px(self._side)
        picture: QPixmap = app_icon().pixmap(QSize(side, side))
        self.setPixmap(picture)


class StartingPage(ScrollPage):
    """Shown for the moment until the identity is loaded."""

    def __init__(self) -> None:
        super().__init__(420)
        self.column.addStretch(1)
        centred(self.column, AppMark(), label("WZP", "display"), label("Opening your identity…", "muted"))
        self.column.addStretch(1)


class UnlockPage(ScrollPage):
    """One field, one button."""

    command = Signal(object)

    def __init__(self) -> None:
        super().__init__(420)
        self._passphrase = field("Passphrase", placeholder="Passphrase", longest=1024, secret=True)
        unlock = Button("Unlock", "key", "primary")
        card = Card()
        card.column.addWidget(self._passphrase)
        card.column.addWidget(unlock)
        self.column.addStretch(1)
        centred(self.column, AppMark(), label("Welcome back", "title"))
        centred(self.column, label("Your key is sealed. Enter its passphrase to go on.", "muted"))
        self.column.addWidget(card)
        self.column.addStretch(2)
        unlock.clicked.connect(self._unlock)
        self._passphrase.returnPressed.connect(self._unlock)

    def take_focus(self) -> None:
        self._passphrase.setFocus()

    def _unlock(self) -> None:
        passphrase = self._passphrase.text()
        self._passphrase.clear()
        if passphrase:
            self.command.emit(Unlock(passphrase))
