"""The picture of a fingerprint; a click copies the fingerprint."""

from functools import lru_cache

from PySide6.QtCore import QRectF, QSize, QTimer
from PySide6.QtGui import QColor, QGuiApplication, QKeyEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton

from wzp_desktop.presenters.identicon import RADIUS, SIDE, Identicon, identicon
from wzp_desktop.views.buttons import pressed_by_enter
from wzp_desktop.views.look import Look

_COPIED_MS = 600

picture_of = lru_cache(maxsize=512)(identicon)


def paint_identicon(painter: QPainter, area: QRectF, picture: Identicon) -> None:
    """Draws the picture into a square area."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    outline = QPainterPath()
    outline.addRoundedRect(area, area.width() * RADIUS, area.width() * RADIUS)
    painter.setClipPath(outline)
    painter.fillRect(area, QColor(*picture.background))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    edges = [round(area.left() + area.width() * i / SIDE) for i in range(SIDE + 1)]
    rows = [round(area.top() + area.height() * i / SIDE) for i in range(SIDE + 1)]
    for y, line in enumerate(picture.cells):
        for x, on in enumerate(line):
            if on:
                cell = QRectF(edges[x], rows[y], edges[x + 1] - edges[x], rows[y + 1] - rows[y])
                painter.fillRect(cell, QColor(*picture.foreground))
    painter.restore()


class IdenticonButton(QAbstractButton):
    """Shows who somebody is by picture."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self._side = side
        self._look = Look()
        self._fingerprint = ""
        self._copied = QTimer(self, singleShot=True, interval=_COPIED_MS)
        self._copied.timeout.connect(self.update)
        self.clicked.connect(self._copy)
        self.setToolTip("Copy fingerprint")
        self.setAccessibleName("Copy fingerprint")

    def set_fingerprint(self, fingerprint: str) -> None:
        if fingerprint != self._fingerprint:
            self._fingerprint = fingerprint
            self.setAccessibleName(f"Copy fingerprint {fingerprint}")
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if not pressed_by_enter(self, event):
            super().keyPressEvent(event)

    def set_side(self, side: int) -> None:
        """The picture's side at 100 %."""
        self._side = side
        self.setFixedSize(self.sizeHint())

    def set_look(self, look: Look) -> None:
        self._look = look
        self.setFixedSize(self.sizeHint())

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return self._look.size(self._side + 8)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        painter = QPainter(self)
        inset = self._look.px(4)
        area = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        paint_identicon(painter, area, picture_of(self._fingerprint))
        token = "good" if self._copied.isActive() else "accent" if self.hasFocus() else ""
        if token:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self._look.colour(token), self._look.px(2)))
            ring = QRectF(self.rect()).adjusted(1, 1, -1, -1)
            painter.drawRoundedRect(ring, ring.width() * RADIUS, ring.width() * RADIUS)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._fingerprint)
        self._copied.start()
        self.update()
