"""Choosing the quality of what is sent."""

from PySide6.QtCore import QRectF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QColor, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QStyle, QStyleOptionSlider, QVBoxLayout, QWidget

from wzp_desktop.presenters.quality import QUALITY_STOPS, place_of
from wzp_desktop.views.buttons import Button
from wzp_desktop.views.choice import Slider
from wzp_desktop.views.frames import beside
from wzp_desktop.views.look import Look, spaced
from wzp_desktop.views.text import label, say

_DOT = 5  # diameter at 100 %
_RIM = QColor(0, 0, 0, 120)  # parts the dots from every colour below them


class QualitySlider(Slider):
    """Best at the left; dots mark the stops."""

    def __init__(self) -> None:
        super().__init__("Quality", 0, len(QUALITY_STOPS) - 1, 1)
        self._look = Look()
        self.setProperty("kind", "quality")
        self.setPageStep(1)
        self.setTracking(False)  # a quality counts when the handle is let go

    def set_look(self, look: Look) -> None:
        self._look = look
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Up leads to what is better, which sliders have at their other end."""
        match event.key():
            case Qt.Key.Key_Up | Qt.Key.Key_PageUp:
                self.setValue(self.value() - 1)
            case Qt.Key.Key_Down | Qt.Key.Key_PageDown:
                self.setValue(self.value() + 1)
            case _:
                super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        super().paintEvent(event)
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        style, control = self.style(), QStyle.ComplexControl.CC_Slider
        groove = style.subControlRect(control, option, QStyle.SubControl.SC_SliderGroove, self)
        handle = style.subControlRect(control, option, QStyle.SubControl.SC_SliderHandle, self)
        painter, dot = QPainter(self), self._look.px(_DOT)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(_RIM)
        painter.setBrush(Qt.GlobalColor.white)
        for stop in range(self.maximum() + 1):
            if stop != self.sliderPosition():
                span = groove.width() - handle.width()
                x = groove.left() + handle.width() / 2 + span * stop / self.maximum()
                painter.drawEllipse(QRectF(x - dot / 2, handle.center().y() - dot / 2 + 0.5, dot, dot))


class QualitySetting(QWidget):
    """The slider, the name of its stop and what that means; emits what the user chose."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.slider = QualitySlider()
        self._shown = ""
        self._name, self._meaning = label(), label(role="muted")
        column = QVBoxLayout(self)
        spaced(column, gap=4)
        ends = beside(
            label("Best", "muted", wrap=False), QWidget(), label("Least data", "muted", wrap=False), stretch=1
        )
        column.addWidget(self._name)
        column.addWidget(self.slider)
        column.addLayout(ends)
        column.addWidget(self._meaning)
        self.slider.sliderMoved.connect(self._describe)
        self.slider.valueChanged.connect(self._on_chosen)
        self._describe(self.slider.value())

    def show_quality(self, quality: str) -> None:
        """Follows the settings when they change; a state from before the user's choice does not take it back."""
        if quality != self._shown and not self.slider.isSliderDown():
            self._shown = quality
            with QSignalBlocker(self.slider):
                self.slider.setValue(place_of(quality))
            self._describe(self.slider.value())

    def _on_chosen(self, place: int) -> None:
        self._describe(place)
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self.slider, QUALITY_STOPS[place].label))
        self.chosen.emit(QUALITY_STOPS[place].value)

    def _describe(self, place: int) -> None:
        stop = QUALITY_STOPS[place]
        say(self._name, stop.label)
        say(self._meaning, f"{stop.meaning} ({stop.technical})")
        self.slider.setAccessibleDescription(stop.label)


class QualityButton(Button):
    """Says the chosen quality and, pressed, unfolds `setting`."""

    def __init__(self) -> None:
        super().__init__("Quality", "unfold")
        self.setting = QualitySetting()
        self.setting.hide()
        self.setCheckable(True)
        self.toggled.connect(self._on_toggled)

    def show_quality(self, quality: str) -> None:
        self.setting.show_quality(quality)
        self.set_caption(f"Quality: {QUALITY_STOPS[place_of(quality)].label}")

    def _on_toggled(self, unfolded: bool) -> None:
        self.setting.setVisible(unfolded)
        self.set_icon("fold" if unfolded else "unfold")
        if unfolded:
            self.setting.slider.setFocus(Qt.FocusReason.TabFocusReason)
