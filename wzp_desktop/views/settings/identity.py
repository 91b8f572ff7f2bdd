"""Name, fingerprint, backup words, restoring and passphrase."""

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QPlainTextEdit, QVBoxLayout, QWidget

from wzp_core.engine.commands import HideBackup, RestoreIdentity, RevealBackup, SetPassphrase
from wzp_desktop.presenters.settings import SettingsScreen, backup_hint, is_backup, numbered
from wzp_desktop.views.button_row import ButtonRow
from wzp_desktop.views.buttons import Button, CopyButton
from wzp_desktop.views.frames import beside, rule
from wzp_desktop.views.identicon import IdenticonButton
from wzp_desktop.views.look import sized, spaced
from wzp_desktop.views.settings.qr import QrView
from wzp_desktop.views.settings.section import Section
from wzp_desktop.views.text import field, label, say, show_fingerprint


class IdentitySection(Section):
    def __init__(self) -> None:
        super().__init__("Identity", "person", "i")
        self._alias = field("Name", longest=48)
        self._identicon, self._fingerprint, self._qr = IdenticonButton(40), label(role="mono"), QrView()
        self._copy = CopyButton("Copy", "Copy my fingerprint")
        self._storage = label(role="muted")
        self._backup, self._restore, self._passphrase = _Backup(), _Restore(), _Passphrase()
        self._lay_out()
        self._alias.editingFinished.connect(self._rename)
        for part in (self._backup, self._restore, self._passphrase):
            part.command.connect(self.command)

    def apply(self, screen: SettingsScreen) -> None:
        if not self._alias.hasFocus():
            self._alias.setText(screen.settings.alias)
        self._alias.setPlaceholderText(screen.my_name)
        self._identicon.set_fingerprint(screen.fingerprint)
        self._qr.show_fingerprint(screen.fingerprint)
        show_fingerprint(self._fingerprint, screen.fingerprint)
        self._copy.set_content(screen.fingerprint)
        say(self._storage, screen.storage)
        self._backup.apply(screen.words)
        self._passphrase.setVisible(screen.passphrase_can_be_set)

    def _rename(self) -> None:
        alias = self._alias.text().strip()
        self.edit(lambda settings: replace(settings, alias=alias))

    def _lay_out(self) -> None:
        self.column.addWidget(label("Name others see", "strong"))
        self.column.addWidget(self._alias)
        self.column.addWidget(label("My fingerprint", "strong"))
        self.column.addLayout(beside(self._identicon, self._fingerprint, self._copy, stretch=1))
        self.column.addWidget(self._qr, 0, Qt.AlignmentFlag.AlignHCenter)
        self.column.addWidget(rule())
        self.column.addWidget(self._storage)
        self.column.addWidget(self._passphrase)
        self.column.addWidget(rule())
        self.column.addWidget(self._backup)
        self.column.addWidget(rule())
        self.column.addWidget(self._restore)


class _Part(QWidget):
    """A part of the section that sends commands of its own."""

    command = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.column = QVBoxLayout(self)
        spaced(self.column, gap=8)


class _Backup(_Part):
    """The words are in the state only between Show and Hide."""

    def __init__(self) -> None:
        super().__init__()
        self._shown = False
        self._words, self._toggle = label(role="words"), Button("Show backup words", "eye")
        self._words.hide()
        self.column.addWidget(label("Backup", "strong"))
        self.column.addWidget(
            label("24 words are your whole identity: who has them can be you. Write them down on paper.", "muted")
        )
        self.column.addWidget(self._words)
        self.column.addWidget(self._toggle, 0, Qt.AlignmentFlag.AlignLeft)
        self._toggle.clicked.connect(self._ask)

    def apply(self, words: tuple[str, ...]) -> None:
        self._shown = bool(words)
        say(self._words, numbered(words, columns=2))
        self._toggle.set_caption("Hide backup words" if words else "Show backup words")
        self._toggle.set_icon("eye-off" if words else "eye")

    def _ask(self) -> None:
        self.command.emit(HideBackup() if self._shown else RevealBackup())


class _Restore(_Part):
    """Replacing the identity needs the words and a second, spelled-out click."""

    def __init__(self) -> None:
        super().__init__()
        self._input = QPlainTextEdit()
        self._input.setAccessibleName("Backup words to restore")
        self._input.setPlaceholderText("24 words, or 64 digits")
        self._input.setTabChangesFocus(True)
        sized(self._input, height=76, tallest=76)
        self._restore, self._confirm = Button("Restore identity", "refresh"), Button("Replace", "check", "danger")
        self._hint = label(role="muted")
        self._warning = label("This replaces your present identity. Without its backup words it is lost.", "problem")
        self.column.addWidget(label("Restore", "strong"))
        self.column.addWidget(self._input)
        self.column.addWidget(self._hint)
        self.column.addWidget(self._warning)
        self.column.addWidget(ButtonRow(self._restore, self._confirm))
        self._input.textChanged.connect(self._rest)
        self._restore.clicked.connect(lambda: self._ask(asked=True))
        self._confirm.clicked.connect(self._send)
        self._rest()

    def _rest(self) -> None:
        say(self._hint, backup_hint(self._input.toPlainText()))
        self._restore.setEnabled(is_backup(self._input.toPlainText()))
        self._ask(asked=False)

    def _ask(self, *, asked: bool) -> None:
        self._warning.setVisible(asked)
        self._confirm.setVisible(asked)

    def _send(self) -> None:
        backup = " ".join(self._input.toPlainText().split())
        self._input.clear()
        self.command.emit(RestoreIdentity(backup))


class _Passphrase(_Part):
    """Two equal entries seal the key file anew."""

    def __init__(self) -> None:
        super().__init__()
        self._first = field("New passphrase", placeholder="New passphrase", longest=1024, secret=True)
        self._second = field("Repeat passphrase", placeholder="Repeat it", longest=1024, secret=True)
        self._set = Button("Set passphrase", "key")
        self._problem = label("The two entries differ.", "problem")
        grid = QGridLayout()
        spaced(grid, gap=8)
        grid.addWidget(self._first, 0, 0)
        grid.addWidget(self._second, 0, 1)
        self.column.addLayout(grid)
        self.column.addWidget(self._problem)
        self.column.addWidget(self._set, 0, Qt.AlignmentFlag.AlignLeft)
        for entry in (self._first, self._second):
            entry.textChanged.connect(self._check)
        self._set.clicked.connect(self._send)
        self._check()

    def _check(self) -> None:
        first, second = self._first.text(), self._second.text()
        self._problem.setVisible(bool(second) and not first.startswith(second))
        self._set.setEnabled(bool(first) and first == second)

    def _send(self) -> None:
        passphrase = self._first.text()
        self._first.clear()
        self._second.clear()
        self.command.emit(SetPassphrase(passphrase))
