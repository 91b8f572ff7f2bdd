"""Push to talk: a key of the window, and a button for mouse and touch."""

from enum import Enum

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QMouseEvent, QWindow
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QPlainTextEdit

from wzp_desktop.presenters.talk import TalkScreen
from wzp_desktop.views.buttons import Button
from wzp_desktop.views.look import set_tone

_INPUTS = (QLineEdit, QPlainTextEdit, QComboBox, QAbstractSpinBox)


class Holder(Enum):
    """What may hold the line open."""

    KEY = "key"
    BUTTON = "button"


class TalkKey(QObject):
    """Tells when talking begins and ends; it always ends with the window's focus.

    Watches the native window, which sees a key before any widget does: Space must talk even where it would press the
    focused button, and its release must be seen wherever the focus has gone meanwhile. Enter presses buttons.
    """

    held_changed = Signal(bool)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._watched: QWindow | None = None
        self._live = False
        self._holders: set[Holder] = set()

    def watch(self, window: QWindow | None) -> None:
        if window is not None and window is not self._watched:
            self._watched = window
            window.installEventFilter(self)

    def set_live(self, live: bool) -> None:
        """Whether there is anything to talk to."""
        self._live = live
        if not live:
            self._let_go()

    def hold(self, holder: Holder, held: bool) -> None:
        before = bool(self._holders)
        if held and self._live:
            self._holders.add(holder)
        else:
            self._holders.discard(holder)
        if before != bool(self._holders):
            self.held_changed.emit(not before)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() is QEvent.Type.FocusOut:
            self._let_go()
        elif isinstance(event, QKeyEvent) and self._live and _is_plain(event):
            return self._takes(event)
        return super().eventFilter(watched, event)

    def _takes(self, event: QKeyEvent) -> bool:
        pressed = event.type() is QEvent.Type.KeyPress
        if event.key() != Qt.Key.Key_Space or (pressed and Holder.KEY not in self._holders and _keeps_space()):
            return False
        if not event.isAutoRepeat():
            self.hold(Holder.KEY, pressed)
        return True

    def _let_go(self) -> None:
        for holder in tuple(self._holders):
            self.hold(holder, False)


class TalkButton(Button):
    """Says whether one is heard, and talks while it is pressed."""

    held = Signal(bool)

    def __init__(self) -> None:
        super().__init__("Hold Space to talk", "microphone", "talk")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.hide()

    def apply(self, talk: TalkScreen) -> None:
        """Hidden while there is no push to talk."""
        if talk.prompt:
            self.set_caption(talk.prompt)
            self.set_icon(talk.icon)
            set_tone(self, "tone", talk.tone.value)
        self.setVisible(bool(talk.prompt))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Unlike a click, holding goes on when the finger slides off the button."""
        super().mousePressEvent(event)
        if event.button() is Qt.MouseButton.LeftButton:
            self.held.emit(True)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        super().mouseReleaseEvent(event)
        if event.button() is Qt.MouseButton.LeftButton:
            self.held.emit(False)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self.held.emit(False)


def _is_plain(event: QKeyEvent) -> bool:
    return event.type() in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease) and (
        event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
    )


def _keeps_space() -> bool:
    """A menu is open, or text is being entered."""
    return QApplication.activePopupWidget() is not None or isinstance(QApplication.focusWidget(), _INPUTS)
