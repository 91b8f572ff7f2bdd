"""A list model over frozen rows, changed in place so that selection and scrolling survive."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from wzp_desktop.presenters.tone import Tone

Row = TypeVar("Row")

ROW_ROLE = Qt.ItemDataRole.UserRole
FACE_ROLE = Qt.ItemDataRole.UserRole + 1
SEARCH_ROLE = Qt.ItemDataRole.UserRole + 2


@dataclass(frozen=True, slots=True)
class Face:
    """What the delegate paints of a row."""

    title: str
    spoken: str
    subtitle: str = ""
    fixed_width: bool = False  # the subtitle is a fingerprint
    fingerprint: str = ""  # has a picture
    icon: str = ""  # before the title, where there is no picture
    icon_tone: Tone = Tone.NEUTRAL
    mark: str = ""  # icon after the title
    mark_tone: Tone = Tone.GOOD
    action: str = ""  # icon of what a click on the row's end does
    note: str = ""  # at the row's end
    heading: bool = False
    framed: bool = False  # the picture wears a ring


class RowsModel(QAbstractListModel, Generic[Row]):
    """Rows told apart by `key`, painted by `face`."""

    def __init__(
        self, key: Callable[[Row], Hashable], face: Callable[[Row], Face], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._key, self._face = key, face
        self._rows: list[Row] = []
        self._keys: list[Hashable] = []

    def replace(self, rows: Sequence[Row]) -> None:
        """Removes, inserts, moves and updates only what differs."""
        keys = _distinct([self._key(row) for row in rows])
        wanted = set(keys)
        for at in reversed(range(len(self._keys))):
            if self._keys[at] not in wanted:
                self._remove(at)
        for at, (key, row) in enumerate(zip(keys, rows, strict=True)):
            if key not in self._keys[at:]:
                self._insert(at, key, row)
            elif self._keys[at] != key:
                self._move(self._keys.index(key, at), at)
            self._update(at, row)

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008, N802 - Qt's
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == ROW_ROLE:
            return row
        face = self._face(row)
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return face.title
            case Qt.ItemDataRole.AccessibleTextRole:
                return face.spoken
            case Qt.ItemDataRole.ToolTipRole:
                return face.fingerprint or None
            case _ if role == FACE_ROLE:
                return face
            case _ if role == SEARCH_ROLE:
                return f"{face.title} {face.fingerprint} {face.fingerprint.replace(':', '')}"
        return None

    def flags(self, index: QModelIndex | QPersistentModelIndex) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        if self._face(self._rows[index.row()]).heading:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren

    def _remove(self, at: int) -> None:
        self.beginRemoveRows(QModelIndex(), at, at)
        del self._rows[at], self._keys[at]
        self.endRemoveRows()

    def _insert(self, at: int, key: Hashable, row: Row) -> None:
        self.beginInsertRows(QModelIndex(), at, at)
        self._rows.insert(at, row)
        self._keys.insert(at, key)
        self.endInsertRows()

    def _move(self, here: int, there: int) -> None:
        """Up the list, so that what is selected stays selected."""
        self.beginMoveRows(QModelIndex(), here, here, QModelIndex(), there)
        self._rows.insert(there, self._rows.pop(here))
        self._keys.insert(there, self._keys.pop(here))
        self.endMoveRows()

    def _update(self, at: int, row: Row) -> None:
        if self._rows[at] != row:
            self._rows[at] = row
            index = self.index(at)
            self.dataChanged.emit(index, index)


def _distinct(keys: list[Hashable]) -> list[Hashable]:
    """Equal keys (guests without identity) told apart by their order."""
    seen: Counter[Hashable] = Counter()
    told_apart: list[Hashable] = []
    for key in keys:
        told_apart.append((key, seen[key]))
        seen[key] += 1
    return told_apart
