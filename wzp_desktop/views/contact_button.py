"""A contact's picture with the name below; a click calls."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton

from wzp_desktop.presenters.lobby import RecentContact
from wzp_desktop.views.buttons import pressed_by_enter
from wzp_desktop.views.identicon import paint_identicon, picture_of
from wzp_desktop.views.look import Look

_WIDTH, _HEIGHT, _PICTURE = 52, 66, 36


class ContactButton(QAbstractButton):
    def __init__(self) -> None:
        super().__init__()
        self.contact = RecentContact("", "")
        self._look = Look()
        self.setAccessibleName("Recent contact")
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if not pressed_by_enter(self, event):
            super().keyPressEvent(event)

    def show_contact(self, contact: RecentContact) -> None:
        if contact != self.contact:
            self.contact = contact
            self.setAccessibleName(f"Call {contact.name}")
            self.setToolTip(f"Call {contact.name}\n{contact.fingerprint}")
            self.update()

    def set_look(self, look: Look) -> None:
        self._look = look
        self.setFixedSize(self.sizeHint())

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(self._look.px(_WIDTH), self._look.px(_HEIGHT))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        ring = "accent" if self.hasFocus() else "raised" if self.underMouse() else ""
        if ring:
            painter.setPen(QPen(self._look.colour(ring), self._look.px(2)))
            if not self.hasFocus():
                painter.setBrush(self._look.colour("raised"))
            painter.drawRoundedRect(area, self._look.px(10), self._look.px(10))
        side = self._look.px(_PICTURE)
        place = QRectF((self.width() - side) / 2, self._look.px(6), side, side)
        painter.setOpacity(1.0 if self.isEnabled() else 0.5)
        paint_identicon(painter, place, picture_of(self.contact.fingerprint))
        painter.setOpacity(1.0)
        self._paint_name(painter)

    def _paint_name(self, painter: QPainter) -> None:
        font = QFont()
        font.setPixelSize(self._look.px(11))
        painter.setFont(font)
        painter.setPen(self._look.colour("muted"))
        width = self.width() - self._look.px(6)
        text = QFontMetrics(font).elidedText(self.contact.name, Qt.TextElideMode.ElideRight, width)
        line = self.rect().adjusted(0, self._look.px(46), 0, -self._look.px(2))
        painter.drawText(line, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, text)
