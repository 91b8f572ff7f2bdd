"""Whom a call is about, at the top of its page."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QBoxLayout, QLabel, QVBoxLayout, QWidget

from wzp_desktop.views.identicon import IdenticonButton
from wzp_desktop.views.look import Look, set_tone, spaced
from wzp_desktop.views.text import label

_LOW_BELOW, _LOW_FROM = 520, 640  # height and width at 100 %
_SIDE_WHEN_LOW = 48


def is_low(page: QWidget, look: Look) -> bool:
    """Whether there is too little height, and enough width, to put things beside instead of below each other."""
    return page.height() < look.px(_LOW_BELOW) and page.width() >= look.px(_LOW_FROM)


class Head(QWidget):
    """Picture, name and more, below each other in the middle; in a low window in one line."""

    def __init__(self, side: int, below_name: tuple[QWidget, ...], after: tuple[QWidget, ...]) -> None:
        super().__init__()
        self._side, self._low = side, False
        self.identicon, self.name = IdenticonButton(side), label(role="display")
        self._parts = ((self.name, *below_name), after)
        self._across = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._columns = (QVBoxLayout(), QVBoxLayout())
        spaced(self._across, gap=9)
        self._across.addWidget(self.identicon, 0, Qt.AlignmentFlag.AlignCenter)
        for column, parts in zip(self._columns, self._parts, strict=True):
            spaced(column, gap=6)
            for part in parts:
                column.addWidget(part)
            self._across.addLayout(column)
        self._arrange()

    def set_low(self, low: bool) -> None:
        if low != self._low:
            self._low = low
            self._arrange()

    def _arrange(self) -> None:
        low = self._low
        self._across.setDirection(QBoxLayout.Direction.LeftToRight if low else QBoxLayout.Direction.TopToBottom)
        self._across.setStretch(1, int(low))
        self.identicon.set_side(_SIDE_WHEN_LOW if low else self._side)
        set_tone(self.name, "role", "title" if low else "display")
        left, right = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute, Qt.AlignmentFlag.AlignRight
        for column, parts, side in zip(self._columns, self._parts, (left, right), strict=True):
            for part in parts:
                wanted = side if low else Qt.AlignmentFlag.AlignHCenter
                if isinstance(part, QLabel):
                    part.setAlignment(wanted | Qt.AlignmentFlag.AlignVCenter)
                else:
                    column.setAlignment(part, wanted)
