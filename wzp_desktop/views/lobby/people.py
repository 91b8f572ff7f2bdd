"""Who is online, with a search field."""

from PySide6.QtCore import QSortFilterProxyModel, Qt, Signal
from PySide6.QtWidgets import QWidget

from wzp_core.engine.commands import PlaceCall
from wzp_core.protocol.ids import Fingerprint
from wzp_desktop.models.people import people_model
from wzp_desktop.models.rows import SEARCH_ROLE
from wzp_desktop.presenters.lobby import LobbyScreen, PersonRow
from wzp_desktop.views.frames import Card, beside
from wzp_desktop.views.row_list import RowList
from wzp_desktop.views.text import field, label


class PeopleCard(Card):
    command = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._nobody = ""
        self._model = people_model(self)
        self._found = QSortFilterProxyModel(self)
        self._found.setSourceModel(self._model)
        self._found.setFilterRole(SEARCH_ROLE)
        self._found.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._count = label("0", "count", wrap=False)
        self.search = field("Search people", placeholder="Search by name or fingerprint", longest=80)
        self.list = RowList("People online", self._found, action="Call", least=3, most=8)
        self.column.addLayout(beside(label("Online", "heading", wrap=False), self._count, QWidget(), stretch=2))
        self.column.addWidget(self.search)
        self.column.addWidget(self.list, 1)
        self.search.textChanged.connect(self._on_search)
        self.list.wanted.connect(self._call)

    def apply(self, screen: LobbyScreen) -> None:
        self._nobody = screen.nobody
        self._count.setText(screen.online)
        self._count.setAccessibleName(f"{screen.online} online")
        self._model.replace(screen.people)
        self.list.set_action_enabled(screen.can_call)
        self._tell_emptiness()

    def _on_search(self, text: str) -> None:
        self._found.setFilterFixedString(text.strip())
        self._tell_emptiness()

    def _tell_emptiness(self) -> None:
        searched = bool(self.search.text().strip()) and self._model.rowCount()
        self.list.set_empty_text("Nobody of that name or fingerprint is online." if searched else self._nobody)

    def _call(self, row: PersonRow) -> None:
        self.command.emit(PlaceCall(Fingerprint(row.fingerprint)))
