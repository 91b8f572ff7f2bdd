"""Buttons side by side that go below each other where the window is too narrow."""

from PySide6.QtCore import QEvent, QRect, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from wzp_desktop.views.look import Look

_GAP = 10


class ButtonRow(QWidget):
    """The first button takes the room that is left.

    Places its buttons itself: a widget with a layout is never asked how high it is at a given width.
    """

    def __init__(self, *buttons: QPushButton) -> None:
        super().__init__()
        self._look = Look()
        self._buttons = buttons
        for button in buttons:
            button.setParent(self)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_look(self, look: Look) -> None:
        self._look = look
        self.updateGeometry()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        width = self._width_of_one_line()
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(max(button.sizeHint().width() for button in self._buttons), self._line_height())

    def hasHeightForWidth(self) -> bool:  # noqa: N802 - Qt's name
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802 - Qt's name
        lines = 1 if width >= self._width_of_one_line() else len(self._shown())
        return lines * self._line_height() + (lines - 1) * self._look.px(_GAP)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._place()

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.LayoutRequest:  # a button changed its caption or appeared
            self.updateGeometry()
            self._place()
        return super().event(event)

    def _place(self) -> None:
        shown, height, gap = self._shown(), self._line_height(), self._look.px(_GAP)
        if self.width() < self._width_of_one_line():
            for line, button in enumerate(shown):
                button.setGeometry(QRect(0, line * (height + gap), self.width(), height))
            return
        right = self.width()
        for button in reversed(shown[1:]):
            width = button.sizeHint().width()
            button.setGeometry(QRect(right - width, 0, width, height))
            right -= width + gap
        if shown:
            shown[0].setGeometry(QRect(0, 0, right, height))

    def _shown(self) -> list[QPushButton]:
        return [button for button in self._buttons if not button.isHidden()]

    def _line_height(self) -> int:
        return max(button.sizeHint().height() for button in self._buttons)

    def _width_of_one_line(self) -> int:
        widths = [button.sizeHint().width() for button in self._shown()]
        return sum(widths) + self._look.px(_GAP) * max(0, len(widths) - 1)
