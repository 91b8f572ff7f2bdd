"""Setting how loud one person is heard."""

from PySide6.QtCore import QLineF, QSignalBlocker, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QStyle, QStyleOptionSlider, QVBoxLayout, QWidget

from wzp_core.engine.commands import SetVolume
from wzp_desktop.presenters.volume import LOUDEST_PERCENT, USUAL_PERCENT, VolumeLine
from wzp_desktop.views.buttons import Button
from wzp_desktop.views.choice import Slider
from wzp_desktop.views.look import Look, set_tone, spaced
from wzp_desktop.views.text import label, say_name

_STEP_PERCENT = 5
_TICK = 5  # its length at 100 %, above and below the groove


class VolumeSlider(Slider):
    """In steps of 5 %, so that 100 % is easily found again; a tick marks it."""

    def __init__(self) -> None:
        super().__init__("Volume", 0, LOUDEST_PERCENT, _STEP_PERCENT)
        self._look = Look()
        self.setPageStep(5 * _STEP_PERCENT)
        self.setValue(USUAL_PERCENT)
        self.actionTriggered.connect(self._snap)

    def set_look(self, look: Look) -> None:
        self._look = look
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        style, control = self.style(), QStyle.ComplexControl.CC_Slider
        groove = style.subControlRect(control, option, QStyle.SubControl.SC_SliderGroove, self)
        handle = style.subControlRect(control, option, QStyle.SubControl.SC_SliderHandle, self)
        x = groove.left() + handle.width() / 2 + (groove.width() - handle.width()) * USUAL_PERCENT / LOUDEST_PERCENT
        middle, reach = handle.center().y() + 0.5, self._look.px(_TICK)
        painter = QPainter(self)
        painter.setPen(QPen(self._look.colour("outline"), self._look.px(2)))
        painter.drawLine(QLineF(x, middle - reach, x, middle + reach))
        painter.end()
        super().paintEvent(event)  # the handle stands before the tick

    def _snap(self, _action: int) -> None:
        self.setSliderPosition(_STEP_PERCENT * round(self.sliderPosition() / _STEP_PERCENT))


class VolumeControl(QWidget):
    """A button that mutes, a slider, and the volume in words. Moving the slider unmutes."""

    command = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._line = VolumeLine("", "")
        self._mute, self._slider = Button(icon="speaker", kind="mute", name="Mute"), VolumeSlider()
        self._text = label(role="muted", wrap=False)
        row = QHBoxLayout(self)
        spaced(row, gap=8)
        row.addWidget(self._mute)
        row.addWidget(self._slider, 1)
        row.addWidget(self._text)
        self._mute.clicked.connect(self._on_mute)
        self._slider.valueChanged.connect(self._on_moved)
        self._describe()

    def set_look(self, look: Look) -> None:
        """The text keeps the width of its longest content, so that the slider does not move under the hand."""
        self._text.ensurePolished()
        widest = max(self._text.fontMetrics().horizontalAdvance(text) for text in ("Muted", f"{LOUDEST_PERCENT} %"))
        self._text.setMinimumWidth(widest + look.px(4))

    def apply(self, line: VolumeLine) -> None:
        """Follows the state, but never takes the slider out of the user's hand."""
        if line == self._line:
            return
        is_another = line.who != self._line.who
        self._line = line
        if is_another:
            self._slider.setSliderDown(False)
        if is_another or not (self._slider.isSliderDown() or self._slider.hasFocus()):
            with QSignalBlocker(self._slider):
                self._slider.setValue(line.percent)
        self._describe()

    def _on_moved(self, percent: int) -> None:
        self._describe()
        self.command.emit(SetVolume(self._line.who, percent=percent, muted=False))

    def _on_mute(self) -> None:
        self.command.emit(SetVolume(self._line.who, muted=not self._line.muted))

    def _describe(self) -> None:
        percent = self._slider.value()
        self._text.setText("Muted" if self._line.muted else f"{percent} %")
        self._slider.setAccessibleName(f"Volume of {self._line.name}")
        self._slider.setAccessibleDescription(VolumeLine("", "", percent, self._line.muted).spoken)
        set_tone(self._mute, "on", self._line.muted)
        self._mute.set_icon("speaker-off" if self._line.muted else "speaker")
        name = f"{'Unmute' if self._line.muted else 'Mute'} {self._line.name}"
        if name != self._mute.accessibleName():
            self._mute.setAccessibleName(name)
            self._mute.setToolTip(name)


class VolumePanel(QWidget):
    """The control for whoever is chosen in a list, under that person's name; or how to choose somebody."""

    command = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._name, self._hint = label(role="strong"), label(role="muted")
        self._control = VolumeControl()
        column = QVBoxLayout(self)
        spaced(column, gap=4)
        for part in (self._name, self._hint, self._control):
            column.addWidget(part)
        self._control.command.connect(self.command)

    def apply(self, line: VolumeLine | None, hint: str) -> None:
        """Hidden where there is neither."""
        say_name(self._name, line.name if line is not None else "")
        self._hint.setText(hint)
        self._hint.setVisible(line is None and bool(hint))
        self._control.setVisible(line is not None)
        if line is not None:
            self._control.apply(line)
        self.setVisible(line is not None or bool(hint))
