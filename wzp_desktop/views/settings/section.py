"""What every section of the settings is: a card that emits edits and commands."""

from collections.abc import Callable
from typing import TypeAlias

from PySide6.QtCore import Signal

from wzp_core.engine.commands import Command
from wzp_core.settings.schema import Settings
from wzp_desktop.views.frames import Card

SettingsEdit: TypeAlias = Callable[[Settings], Settings]


class Section(Card):
    """Edits are functions of the newest settings, so that two sections never undo each other."""

    edited = Signal(object)
    command = Signal(object)

    def __init__(self, title: str, icon: str, alt: str) -> None:
        """`alt`: the letter that leads here."""
        super().__init__(title)
        self.title, self.icon, self.alt = title, icon, alt

    def edit(self, change: SettingsEdit) -> None:
        self.edited.emit(change)

    def send(self, command: Command) -> None:
        self.command.emit(command)
