"""The lobby: header and cards, in two columns where there is room."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from wzp_core.settings.schema import Settings
from wzp_desktop.presenters.lobby import LobbyScreen
from wzp_desktop.views.buttons import Button, CopyButton
from wzp_desktop.views.frames import ScrollPage
from wzp_desktop.views.identicon import IdenticonButton
from wzp_desktop.views.lobby.dial import DialCard
from wzp_desktop.views.lobby.people import PeopleCard
from wzp_desktop.views.lobby.recent import RecentCard
from wzp_desktop.views.lobby.relay import RelayCard
from wzp_desktop.views.lobby.rooms import RoomCard
from wzp_desktop.views.look import Look, spaced, wear
from wzp_desktop.views.text import label, say_name, show_fingerprint

_TWO_COLUMNS_FROM = 720  # width at 100 %


class LobbyPage(QWidget):
    command = Signal(object)
    settings_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._look = Look()
        self._screen: LobbyScreen | None = None
        self._header = _Header()
        self._people, self._relay, self._dial = PeopleCard(), RelayCard(), DialCard()
        self._room, self._recent = RoomCard(), RecentCard()
        self._columns = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._lay_out()
        for card in (self._people, self._relay, self._dial, self._room, self._recent):
            card.command.connect(self.command)
        self._header.settings.clicked.connect(self.settings_wanted)

    def apply(self, screen: LobbyScreen, settings: Settings) -> None:
        self._relay.apply(screen.relay, settings)
        if screen == self._screen:
            return
        self._screen = screen
        self._header.apply(screen)
        self._people.apply(screen)
        self._dial.apply(screen.my_fingerprint, can_call=screen.can_call)
        self._room.apply(screen.room, can_join=screen.can_call)
        self._recent.apply(screen)

    def take_focus(self) -> None:
        """On the page: Tab then begins at its top."""
        self.setFocus()

    def focus_search(self) -> None:
        self._people.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._people.search.selectAll()

    def focus_dial(self, text: str = "") -> None:
        if text:
            self._dial.input.setText(text)
        self._dial.input.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._dial.input.selectAll()

    def set_look(self, look: Look) -> None:
        self._look = look
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._arrange()

    def _lay_out(self) -> None:
        page = ScrollPage(1120, margins=(20, 20, 20, 20))
        side = QVBoxLayout()
        spaced(side, gap=14)
        main = QVBoxLayout()
        spaced(main, gap=14)
        main.addWidget(self._people, 1)
        main.addWidget(self._room)
        for card in (self._relay, self._dial):
            side.addWidget(card)
        side.addWidget(self._recent, 1)
        spaced(self._columns, gap=14)
        self._columns.addLayout(main, 5)
        self._columns.addLayout(side, 4)
        page.column.addLayout(self._columns, 1)
        column = QVBoxLayout(self)
        spaced(column)
        column.addWidget(self._header)
        column.addWidget(page, 1)

    def _arrange(self) -> None:
        wide = self.width() >= self._look.px(_TWO_COLUMNS_FROM)
        wanted = QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom
        if self._columns.direction() != wanted:
            self._columns.setDirection(wanted)
            wear(self._people, self._look)


class _Header(QFrame):
    """Who I am, my fingerprint to hand out, and the settings."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("header")
        self._identicon, self._name, self._fingerprint = IdenticonButton(36), label(role="heading"), label(role="mono")
        self._copy = CopyButton("", "Copy my fingerprint")
        self.settings = Button("", "settings", "plain", "Settings")
        self.settings.setToolTip("Settings (Ctrl+,)")
        me = QVBoxLayout()
        spaced(me, gap=1)
        me.addWidget(self._name)
        me.addWidget(self._fingerprint)
        row = QHBoxLayout(self)
        spaced(row, margins=(20, 10, 14, 10), gap=10)
        row.addWidget(self._identicon)
        row.addLayout(me, 1)
        row.addWidget(self._copy)
        row.addWidget(self.settings)

    def apply(self, screen: LobbyScreen) -> None:
        self._identicon.set_fingerprint(screen.my_fingerprint)
        say_name(self._name, screen.my_name)
        show_fingerprint(self._fingerprint, screen.my_fingerprint)
        self._copy.set_content(screen.my_fingerprint)
