"""Cards, banners, badges, status dots and scrolling pages: what screens are built of."""

from typing import cast

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from wzp_desktop.presenters.tone import Tone
from wzp_desktop.views.look import Look, set_tone, sized, spaced
from wzp_desktop.views.text import label, say

TONE_TOKEN = {
    Tone.NEUTRAL: "muted",
    Tone.ACCENT: "accent",
    Tone.GOOD: "good",
    Tone.WARNING: "warning",
    Tone.DANGER: "danger",
}


class Card(QFrame):
    """A rounded surface with a heading."""

    def __init__(self, heading: str = "") -> None:
        super().__init__()
        self.setProperty("card", True)
        self.column = QVBoxLayout(self)
        spaced(self.column, margins=(18, 14, 18, 16), gap=8)
        if heading:
            self.column.addWidget(label(heading, "heading"))


class IconLabel(QWidget):
    """A small icon in the colour of a tone."""

    def __init__(self, side: int = 18) -> None:
        super().__init__()
        self._side, self._name, self._tone, self._look = side, "", Tone.NEUTRAL, Look()

    def show_icon(self, name: str, tone: Tone) -> None:
        if (name, tone) != (self._name, self._tone):
            self._name, self._tone = name, tone
            self.update()

    def set_look(self, look: Look) -> None:
        self._look = look
        self.setFixedSize(look.size(self._side))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        if self._name:
            self._look.icon(self._name, TONE_TOKEN[self._tone]).paint(QPainter(self), self.rect())


class StatusDot(QWidget):
    """A dot in the colour of a tone; the text beside it says the same in words."""

    def __init__(self) -> None:
        super().__init__()
        self._tone, self._look = Tone.NEUTRAL, Look()

    def set_tone(self, tone: Tone) -> None:
        if tone is not self._tone:
            self._tone = tone
            self.update()

    def set_look(self, look: Look) -> None:
        self._look = look
        self.setFixedSize(look.size(12))

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return self._look.size(12)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._look.colour(TONE_TOKEN[self._tone]))
        painter.drawEllipse(QRectF(self.rect()).adjusted(1, 1, -1, -1))


class Banner(QFrame):
    """A tinted line of text with an icon; hidden while there is nothing to say."""

    def __init__(self, icon: str = "alert", tone: Tone = Tone.WARNING) -> None:
        super().__init__()
        self.setProperty("banner", True)
        self._icon_name = icon
        self._icon, self._text = IconLabel(), label()
        self.row = QHBoxLayout(self)
        spaced(self.row, margins=(14, 10, 14, 10), gap=10)
        self.row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignVCenter)
        self.row.addWidget(self._text, 1)
        self.setProperty("tone", tone.value)
        self._text.setProperty("tone", tone.value)
        self._icon.show_icon(icon, tone)
        self.hide()

    def tell(self, text: str, tone: Tone | None = None) -> None:
        if tone is not None:
            set_tone(self, "tone", tone.value)
            set_tone(self._text, "tone", tone.value)
            self._icon.show_icon(self._icon_name, tone)
        say(self._text, text)
        self.setAccessibleName(text)
        self.setVisible(bool(text))

    def text(self) -> str:
        return self._text.text()


class Badge(QFrame):
    """A pill: icon and one or two words."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("banner", True)
        self._icon, self._text = IconLabel(16), label(wrap=False)
        row = QHBoxLayout(self)
        spaced(row, margins=(10, 5, 12, 5), gap=6)
        row.addWidget(self._icon)
        row.addWidget(self._text)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Maximum)

    def show_badge(self, text: str, tone: Tone, icon: str) -> None:
        self._text.setText(text)
        self._icon.show_icon(icon, tone)
        set_tone(self, "tone", tone.value)
        set_tone(self._text, "tone", tone.value)

    def text(self) -> str:
        return self._text.text()


class ScrollPage(QScrollArea):
    """A page that scrolls upright and is never wider than its window; `column` holds the content."""

    def __init__(self, widest: int, *, margins: tuple[int, int, int, int] = (20, 20, 20, 20), gap: int = 14) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._revealed: QWidget | None = None
        self.page, inner = QWidget(), QWidget()
        self.page.setObjectName("page")
        sized(inner, widest=widest)
        across = QHBoxLayout(self.page)
        spaced(across, margins=margins)
        across.addStretch(1)
        across.addWidget(inner, 1000)
        across.addStretch(1)
        self.column = QVBoxLayout(inner)
        spaced(self.column, gap=gap)
        self.setWidget(self.page)
        self.page.installEventFilter(self)
        self.verticalScrollBar().actionTriggered.connect(self._forget)
        cast(QApplication, QApplication.instance()).focusChanged.connect(self._on_focus)

    def needed_height(self, width: int) -> int:
        """How high the content is at that width."""
        across = self.page.layout()
        assert across is not None  # noqa: S101 - made in the constructor
        return across.minimumHeightForWidth(width) if across.hasHeightForWidth() else across.minimumSize().height()

    def reveal(self, part: QWidget) -> None:
        """Scrolls to a part that has just appeared, and keeps it in view until the user goes elsewhere.

        Wrapping text finds its height in several rounds, and banners come and go above the page.
        """
        self._revealed = part
        QTimer.singleShot(0, part, self._follow)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(100, 80)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._fit()
        self._follow()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if watched is self.page and event.type() is QEvent.Type.LayoutRequest:
            self._fit()
        elif watched is self.page and event.type() is QEvent.Type.Resize and self._revealed is not None:
            QTimer.singleShot(0, self, self._follow)  # the range of the bar follows only then
        return super().eventFilter(watched, event)

    def _on_focus(self, _before: QWidget | None, now: QWidget | None) -> None:
        """Scroll areas show only what Tab reaches from within them."""
        if now is not None and self.page.isAncestorOf(now):
            self._forget()
            self.ensureWidgetVisible(now)

    def _forget(self) -> None:
        self._revealed = None

    def _follow(self) -> None:
        """Moves no more than needed; of a part that is higher than the window the top is shown."""
        part = self._revealed
        if part is not None and self.page.isAncestorOf(part) and part.isVisibleTo(self.page):
            top = part.mapTo(self.page, QPoint(0, 0)).y()
            bar = self.verticalScrollBar()
            bar.setValue(min(top, max(bar.value(), top + part.height() - self.viewport().height())))

    def _fit(self) -> None:
        """Scroll areas ask wrapping text for its height at the narrowest width; this asks at the real one."""
        height = self.needed_height(self.viewport().width())
        if height != self.page.minimumHeight():
            self.page.setMinimumHeight(height)


def rule() -> QFrame:
    """A hairline."""
    made = QFrame()
    made.setObjectName("rule")
    return made


def beside(*parts: QWidget, stretch: int = -1, gap: int = 10) -> QHBoxLayout:
    """Widgets in a row; the one at `stretch` takes the room that is left."""
    row = QHBoxLayout()
    spaced(row, gap=gap)
    for position, part in enumerate(parts):
        row.addWidget(part, 1 if position == stretch else 0)
    return row


def centred(column: QVBoxLayout, *parts: QWidget) -> None:
    """Adds widgets in the middle; labels keep the whole width so that they wrap late."""
    for part in parts:
        if isinstance(part, QLabel):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(part)
        else:
            column.addWidget(part, 0, Qt.AlignmentFlag.AlignHCenter)
