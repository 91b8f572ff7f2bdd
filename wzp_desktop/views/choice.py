"""Drop-down lists, switches and sliders; a scrolling wheel changes none of them by accident."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QRadioButton, QSizePolicy, QSlider

_SETTLE_MS = 150


class Choice(QComboBox):
    """Chooses one value of several; emits only what the user chose."""

    chosen = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.activated.connect(lambda at: self.chosen.emit(self.itemData(at)))

    def set_options(self, options: Sequence[tuple[str, str]], selected: str) -> None:
        """Values with their labels; touches nothing that is as it should be."""
        shown = [(self.itemData(at), self.itemText(at)) for at in range(self.count())]
        with QSignalBlocker(self):
            if shown != list(options):
                self.clear()
                for value, text in options:
                    self.addItem(text, value)
            at = next((i for i, (value, _) in enumerate(options) if value == selected), 0)
            if at != self.currentIndex():
                self.setCurrentIndex(at)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        event.ignore()


class Switch(QCheckBox):
    """On or off; `clicked` tells what the user chose."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setAccessibleName(text)


class ElidedRadio(QRadioButton):
    """A radio button that shortens its caption instead of widening the window."""

    def __init__(self) -> None:
        super().__init__()
        self._caption = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def set_caption(self, caption: str) -> None:
        self._caption = caption
        self.setAccessibleName(caption)
        self.setToolTip(caption)
        self._shorten()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(self.fontMetrics().averageCharWidth() * 8, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._shorten()

    def _shorten(self) -> None:
        room = self.width() - self.fontMetrics().height() * 3  # what the circle and its margins take
        shown = self.fontMetrics().elidedText(self._caption, Qt.TextElideMode.ElideRight, max(0, room))
        self.setText(shown.replace("&", "&&"))  # no letter of a relay's name is a key


class Slider(QSlider):
    """A horizontal slider."""

    def __init__(self, name: str, low: int, high: int, step: int) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setAccessibleName(name)
        self.setRange(low, high)
        self.setSingleStep(step)
        self.setPageStep(step * 2)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        event.ignore()


class SettledSlider(Slider):
    """Tells the value once it has rested for a moment, not each one on the way."""

    settled = Signal(int)

    def __init__(self, name: str, low: int, high: int, step: int) -> None:
        super().__init__(name, low, high, step)
        rest = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        rest.timeout.connect(lambda: self.settled.emit(self.value()))
        self.valueChanged.connect(lambda _: rest.start())

    def follow(self, value: int) -> None:
        """Shows what the settings say, but never under the user's hand."""
        if not self.isSliderDown() and not self.hasFocus():
            with QSignalBlocker(self):
                self.setValue(value)
