"""Paints the rows of every list: picture or icon, name, second line, mark, action."""

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontDatabase, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from wzp_desktop.models.rows import FACE_ROLE, Face
from wzp_desktop.presenters.identicon import RADIUS
from wzp_desktop.presenters.tone import Tone
from wzp_desktop.views.frames import TONE_TOKEN
from wzp_desktop.views.identicon import paint_identicon, picture_of
from wzp_desktop.views.look import Look

_ROW, _HEADING = 58, 34
_PICTURE, _ICON, _ACTION = 38, 20, 36
_PAD = 10


class RowDelegate(QStyledItemDelegate):
    """One delegate for all lists; a row says by its face what it shows."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._look = Look()
        self.action_enabled = True

    def set_look(self, look: Look) -> None:
        self._look = look

    def row_height(self) -> int:
        return self._look.px(_ROW)

    def action_area(self, row: QRect) -> QRect:
        """Where a click does the row's action."""
        side, pad = self._look.px(_ACTION), self._look.px(_PAD)
        return QRect(row.right() - side - pad, row.center().y() - side // 2, side, side)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: ARG002, N802 - Qt's
        face: Face = index.data(FACE_ROLE)
        return QSize(self._look.px(120), self._look.px(_HEADING if face.heading else _ROW))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        face: Face = index.data(FACE_ROLE)
        area = QRect(option.rect)
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, area, state)
        left = self._paint_leading(painter, area, face)
        right = area.right() - self._look.px(_PAD)
        if face.action:
            self._paint_action(painter, self.action_area(area), face, state)
            right = self.action_area(area).left() - self._look.px(_PAD)
        if face.note:
            right = self._paint_note(painter, area, right, face.note)
        self._paint_text(painter, QRect(left, area.top(), right - left, area.height()), face)
        painter.restore()

    def _paint_ground(self, painter: QPainter, area: QRect, state: QStyle.StateFlag) -> None:
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        if chosen or hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._look.colour("accent_soft" if chosen else "raised"))
            painter.drawRoundedRect(QRectF(area).adjusted(1, 1, -1, -1), self._look.px(12), self._look.px(12))
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(self._look.colour("accent"), self._look.px(2)))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(area).adjusted(2, 2, -2, -2), self._look.px(11), self._look.px(11))

    def _paint_leading(self, painter: QPainter, area: QRect, face: Face) -> int:
        """The picture or icon; returns where the text begins."""
        pad = self._look.px(_PAD)
        side = self._look.px(_PICTURE if face.fingerprint else _ICON)
        place = QRectF(area.left() + pad, area.center().y() - side / 2 + 0.5, side, side)
        if face.fingerprint:
            paint_identicon(painter, place, picture_of(face.fingerprint))
            if face.framed:
                painter.setPen(QPen(self._look.colour("accent"), self._look.px(2)))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(place.adjusted(-2, -2, 2, 2), side * RADIUS, side * RADIUS)
        elif face.icon:
            self._look.icon(face.icon, TONE_TOKEN[face.icon_tone]).paint(painter, place.toRect())
        return round(place.right()) + self._look.px(12)

    def _paint_action(self, painter: QPainter, place: QRect, face: Face, state: QStyle.StateFlag) -> None:
        hovered = bool(state & (QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_Selected))
        shown_as_button = hovered and self.action_enabled
        if shown_as_button:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._look.colour("accent_fill"))
            painter.drawEllipse(QRectF(place))
        token = "on_accent" if shown_as_button else "accent" if self.action_enabled else "outline"
        inset = self._look.px(9)
        self._look.icon(face.action, token).paint(painter, place.adjusted(inset, inset, -inset, -inset))

    def _paint_note(self, painter: QPainter, area: QRect, right: int, note: str) -> int:
        """Ends at `right`; returns where the text before it must end."""
        font = self._font(12)
        metrics = QFontMetrics(font)
        left = right - metrics.horizontalAdvance(note)
        painter.setFont(font)
        painter.setPen(self._look.colour("muted"))
        painter.drawText(QPointF(left, area.center().y() + metrics.ascent() // 2), note)
        return left - self._look.px(_PAD)

    def _paint_text(self, painter: QPainter, area: QRect, face: Face) -> None:
        title_font = self._font(13 if face.heading else 14, strong=True)
        metrics = QFontMetrics(title_font)
        mark_side = self._look.px(16)
        room = area.width() - (mark_side + self._look.px(6) if face.mark else 0)
        title = metrics.elidedText(face.title, Qt.TextElideMode.ElideRight, room)
        base = area.center().y() - self._look.px(4) if face.subtitle else area.center().y() + metrics.ascent() // 2 - 1
        painter.setFont(title_font)
        painter.setPen(self._look.colour("muted" if face.heading else "text"))
        painter.drawText(QPointF(area.left(), base), title)
        if face.mark:
            left = area.left() + metrics.horizontalAdvance(title) + self._look.px(6)
            place = QRect(left, base - metrics.ascent() // 2 - mark_side // 2, mark_side, mark_side)
            self._look.icon(face.mark, TONE_TOKEN[face.mark_tone]).paint(painter, place)
        if face.subtitle:
            font = self._font(12, fixed=face.fixed_width)
            painter.setFont(font)
            missed = face.icon_tone is Tone.DANGER
            painter.setPen(self._look.colour("danger" if missed else "muted"))
            line = QFontMetrics(font).elidedText(face.subtitle, Qt.TextElideMode.ElideRight, area.width())
            painter.drawText(QPointF(area.left(), area.center().y() + self._look.px(15)), line)

    def _font(self, length: float, *, strong: bool = False, fixed: bool = False) -> QFont:
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont) if fixed else QFont()
        font.setPixelSize(self._look.px(length))
        font.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
        return font
