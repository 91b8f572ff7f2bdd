"""Drop-down lists and sliders that a scrolling wheel does not change by accident."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QSizePolicy, QSlider


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
