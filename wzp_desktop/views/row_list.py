"""A list of rows for mouse, keyboard and screen reader."""

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractItemView, QListView, QMenu

from wzp_desktop.models.rows import FACE_ROLE, ROW_ROLE, Face
from wzp_desktop.views.look import Look
from wzp_desktop.views.row_delegate import RowDelegate


class RowList(QListView):
    """Emits the row that Enter, a double click, a click on its action or the menu asks to act on."""

    wanted = Signal(object)

    def __init__(
        self, name: str, model: QAbstractItemModel, *, action: str = "", least: int = 3, most: int = 6
    ) -> None:
        super().__init__()
        self._action, self._least, self._most = action, least, most
        self._empty = ""
        self._look = Look()
        self._delegate = RowDelegate(self)
        self.setAccessibleName(name)
        self.setItemDelegate(self._delegate)
        self.setModel(model)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._open_menu)
        model.rowsInserted.connect(self.updateGeometry)
        model.rowsRemoved.connect(self.updateGeometry)

    def set_look(self, look: Look) -> None:
        self._look = look
        self._delegate.set_look(look)
        self.setMinimumHeight(self._delegate.row_height() * self._least)
        self.scheduleDelayedItemsLayout()
        self.updateGeometry()
        self.viewport().update()

    def set_empty_text(self, text: str) -> None:
        """What to say while there is no row."""
        if text != self._empty:
            self._empty = text
            self.setAccessibleDescription(text)
            self.viewport().update()

    def set_action_enabled(self, enabled: bool) -> None:
        if enabled != self._delegate.action_enabled:
            self._delegate.action_enabled = enabled
            self.viewport().update()

    def act(self, index: QModelIndex) -> None:
        if index.isValid() and self._delegate.action_enabled and self._action:
            self.wanted.emit(index.data(ROW_ROLE))

    def menu_for(self, index: QModelIndex) -> QMenu:
        """What can be done with the row."""
        face: Face = index.data(FACE_ROLE)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self._action:
            act = menu.addAction(f"{self._action} {face.title}", lambda: self.act(index))
            act.setEnabled(self._delegate.action_enabled)
        fingerprint: str = index.data(ROW_ROLE).fingerprint
        menu.addAction("Copy fingerprint", lambda: QGuiApplication.clipboard().setText(fingerprint))
        return menu

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        shown = min(self.model().rowCount(), self._most)
        height = max(sum(self.sizeHintForRow(row) for row in range(shown)), self._delegate.row_height() * self._least)
        return QSize(self._look.px(240), height)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(self._look.px(120), self._delegate.row_height() * self._least)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.act(self.currentIndex())
        elif event.key() == Qt.Key.Key_Escape:
            event.ignore()
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        super().mouseReleaseEvent(event)
        at = event.position().toPoint()
        index = self.indexAt(at)
        left = event.button() == Qt.MouseButton.LeftButton
        if left and index.isValid() and self._delegate.action_area(self.visualRect(index)).contains(at):
            self.act(index)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        super().mouseDoubleClickEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and not self._delegate.action_area(self.visualRect(index)).contains(
            event.position().toPoint()
        ):
            self.act(index)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        super().paintEvent(event)
        if self._empty and not self.model().rowCount():
            painter = QPainter(self.viewport())
            painter.setPen(self._look.colour("muted"))
            inset = self._look.px(20)
            area = self.viewport().rect().adjusted(inset, inset, -inset, -inset)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._empty)
            if self.hasFocus():
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                painter.setPen(QPen(self._look.colour("accent"), self._look.px(2)))
                edge = QRectF(self.viewport().rect()).adjusted(1, 1, -1, -1)
                painter.drawRoundedRect(edge, self._look.px(12), self._look.px(12))

    def _open_menu(self, at: QPoint) -> None:
        index = self.indexAt(at)
        index = index if index.isValid() else self.currentIndex()
        if index.isValid() and index.flags() & Qt.ItemFlag.ItemIsSelectable:
            self.menu_for(index).popup(self.viewport().mapToGlobal(at))
