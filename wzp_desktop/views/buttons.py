"""Buttons with icons that follow the theme."""

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QPushButton, QSizePolicy, QToolButton

from wzp_desktop.views.look import Look, set_tone

_TOKEN = {"primary": "on_accent", "danger": "on_danger", "end": "on_danger"}
_COPIED_MS = 1500


class Button(QPushButton):
    """A push button of a kind: quiet, primary, danger, plain, code, mute or nav; Alt and the letter `alt` press it."""

    def __init__(self, text: str = "", icon: str = "", kind: str = "quiet", name: str = "", alt: str = "") -> None:
        super().__init__(with_mnemonic(text, alt))
        self._alt = alt
        self._icon_name = icon
        self._kind = kind
        self._look = Look()
        self.setProperty("kind", kind)
        self.setAccessibleName(name or text)
        self.setAutoDefault(False)
        if not text:
            self.setToolTip(name)

    def set_look(self, look: Look) -> None:
        self._look = look
        self._paint_icon()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if not pressed_by_enter(self, event):
            super().keyPressEvent(event)

    def set_icon(self, name: str) -> None:
        if name != self._icon_name:
            self._icon_name = name
            self._paint_icon()

    def set_caption(self, text: str) -> None:
        """Text and accessible name at once."""
        shown = with_mnemonic(text, self._alt)
        if self.text() != shown:
            self.setText(shown)
            self.setAccessibleName(text)

    def _paint_icon(self) -> None:
        if self._icon_name:
            token = _TOKEN.get(self._kind, "text")
            self.setIcon(self._look.icon(self._icon_name, token, before_text=bool(self.text())))
            self.setIconSize(QSize(self._look.px(24 if self.text() else 18), self._look.px(18)))


def pressed_by_enter(button: QAbstractButton, event: QKeyEvent) -> bool:
    """Enter presses the focused button as Space does; Qt by itself leaves that to dialogs."""
    if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
        return False
    if not event.isAutoRepeat():
        button.click()
    return True


def with_mnemonic(text: str, alt: str) -> str:
    """The caption as Qt wants it: the first letter `alt` underlined, and no other."""
    shown = text.replace("&", "&&")
    at = shown.lower().find(alt) if alt else -1
    return f"{shown[:at]}&{shown[at:]}" if at >= 0 else shown


class CopyButton(Button):
    """Copies a text and says so for a moment."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__(text, "copy", "plain" if not text else "quiet", name)
        self._said = text
        self._content = ""
        self._restore = QTimer(self, singleShot=True, interval=_COPIED_MS)
        self._restore.timeout.connect(self._rest)
        self.clicked.connect(self._copy)

    def set_content(self, content: str) -> None:
        self._content = content
        self.setEnabled(bool(content))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._content)
        self.set_icon("check")
        if self._said:
            self.setText("Copied")
        self._restore.start()

    def _rest(self) -> None:
        self.set_icon("copy")
        self.setText(self._said)


class ControlButton(QToolButton):
    """A large call control: icon above its caption; as a switch it has a second icon and caption."""

    def __init__(
        self, caption: str, icon: str, *, key: str, on: tuple[str, str] | None = None, kind: str = "control"
    ) -> None:
        """`key` presses it; whoever owns the button sees to that."""
        super().__init__()
        self.key = key
        self._faces = {False: (caption, icon), True: on or (caption, icon)}
        self._kind = kind
        self._look = Look()
        self.setProperty("kind", kind)
        self.setCheckable(on is not None)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._paint_face()

    def set_look(self, look: Look) -> None:
        self._look = look
        self._paint_face()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if not pressed_by_enter(self, event):
            super().keyPressEvent(event)

    def set_on(self, on: bool) -> None:
        if on != self.isChecked():
            self.setChecked(on)
            self._paint_face()

    def set_low(self, low: bool) -> None:
        """Caption beside the icon instead of below it."""
        style = Qt.ToolButtonStyle
        set_tone(self, "low", low)
        self.setToolButtonStyle(style.ToolButtonTextBesideIcon if low else style.ToolButtonTextUnderIcon)

    def nextCheckState(self) -> None:  # noqa: N802 - Qt's name
        """A click asks; only the state of the engine changes the switch."""

    def _paint_face(self) -> None:
        caption, icon = self._faces[self.isChecked()]
        self.setText(caption)
        self.setAccessibleName(caption)
        self.setToolTip(f"{caption} ({self.key.lower()})")
        token = "danger" if self.isChecked() else _TOKEN.get(self._kind, "text")
        self.setIcon(self._look.icon(icon, token))
        self.setIconSize(self._look.size(24))
