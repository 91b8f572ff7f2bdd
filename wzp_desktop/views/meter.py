"""Loudness as a bar."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QProgressBar, QSizePolicy

from wzp_desktop.views.look import Look

_STEPS = 100
_LOUD = 0.9  # above: close to clipping


class LevelMeter(QProgressBar):
    """A progress bar to assistive technology, a rounded bar to the eye."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._look = Look()
        self._live = True
        self.setAccessibleName(name)
        self.setRange(0, _STEPS)
        self.setTextVisible(False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_level(self, level: float) -> None:
        """0…1; repaints only if the bar would look different."""
        self.setValue(round(min(1.0, max(0.0, level)) * _STEPS))

    def set_live(self, live: bool) -> None:
        """A meter of what nobody hears is grey."""
        if live != self._live:
            self._live = live
            self.setAccessibleDescription("" if live else "Nobody hears you")
            self.update()

    def set_look(self, look: Look) -> None:
        self._look = look
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(self._look.px(120), self._look.px(8))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(self._look.px(60), self._look.px(8))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        area = QRectF(self.rect())
        radius = area.height() / 2
        painter.setBrush(self._look.colour("raised"))
        painter.drawRoundedRect(area, radius, radius)
        share = self.value() / _STEPS
        if share > 0:
            loudness = "warning" if share > _LOUD else "accent"
            painter.setBrush(self._look.colour(loudness if self._live else "outline"))
            width = max(area.height(), area.width() * share)
            painter.drawRoundedRect(QRectF(0, 0, width, area.height()), radius, radius)
