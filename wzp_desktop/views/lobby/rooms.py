"""Joining a voice room by name."""

from PySide6.QtCore import Signal

from wzp_core.engine.commands import JoinRoom
from wzp_desktop.views.buttons import Button
from wzp_desktop.views.frames import Card, beside
from wzp_desktop.views.text import field


class RoomCard(Card):
    command = Signal(object)

    def __init__(self) -> None:
        super().__init__("Voice room")
        self.input = field("Room name")
        self._join = Button("Join", "room", alt="j")
        self.column.addLayout(beside(self.input, self._join, stretch=0))
        self.input.returnPressed.connect(self._enter)
        self._join.clicked.connect(self._enter)

    def apply(self, room: str, *, can_join: bool) -> None:
        self.input.setPlaceholderText(room)
        self._join.setEnabled(can_join)

    def _enter(self) -> None:
        name = self.input.text().strip() or self.input.placeholderText()
        if name and self._join.isEnabled():
            self.command.emit(JoinRoom(name))
