"""How sound flows in a call or room: meters, path and quality."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from wzp_core.session.state import Levels
from wzp_desktop.presenters.media import QualityLine
from wzp_desktop.views.call_controls import Meters
from wzp_desktop.views.frames import Card
from wzp_desktop.views.look import spaced
from wzp_desktop.views.quality import QualityButton
from wzp_desktop.views.text import label, say


class FlowCard(Card):
    """Emits the quality that the user chose, and the part that unfolds for choosing."""

    quality_wanted = Signal(str)
    unfolded = Signal(QWidget)

    def __init__(self, volume: QWidget | None = None) -> None:
        """`volume`: what sets how loud the other side is, where there is only one."""
        super().__init__()
        self._meters, self._path, self._quality = Meters(), label(role="muted"), label(role="muted")
        self._button = QualityButton()
        text, line = QVBoxLayout(), QHBoxLayout()
        spaced(text, gap=8)
        spaced(line, gap=10)
        for part in (self._path, self._quality):
            text.addWidget(part)
        line.addLayout(text, 1)
        line.addWidget(self._button, 0, Qt.AlignmentFlag.AlignVCenter)
        self.column.addWidget(self._meters)
        if volume is not None:
            self.column.addWidget(volume)
        self.column.addLayout(line)
        self.column.addWidget(self._button.setting)
        self._button.setting.chosen.connect(self.quality_wanted)
        self._button.clicked.connect(self._on_unfolded)

    def apply(self, *, path: str, quality: QualityLine, chosen: str, sending: bool, levels: Levels) -> None:
        say(self._path, path)
        say(self._quality, quality.text)
        self._quality.setToolTip(quality.technical)
        self._quality.setAccessibleDescription(quality.technical)
        self._button.show_quality(chosen)
        self._meters.show_levels(levels, sending=sending)

    def _on_unfolded(self, open_now: bool) -> None:
        if open_now:
            self.unfolded.emit(self._button.setting)
