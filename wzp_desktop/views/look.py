"""Theme and scale, and how widgets put them on without being made anew."""

import re
from dataclasses import dataclass
from string import Template

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPalette
from PySide6.QtWidgets import QLayout, QWidget

from wzp_desktop import RESOURCES
from wzp_desktop.presenters.palette import LIGHT, Palette, tokens
from wzp_desktop.views import icons

_UNBOUND = 16777215  # QWIDGETSIZE_MAX


@dataclass(frozen=True, slots=True)
class Look:
    """A palette and a factor for every length."""

    palette: Palette = LIGHT
    factor: float = 1.0

    def px(self, length: float) -> int:
        """The length at 100 %, scaled; never nothing."""
        return max(1, round(length * self.factor))

    def size(self, side: float) -> QSize:
        return QSize(self.px(side), self.px(side))

    def hex(self, token: str) -> str:
        return str(getattr(self.palette, token))

    def colour(self, token: str) -> QColor:
        return QColor(self.hex(token))

    def icon(self, name: str, token: str, *, before_text: bool = False) -> QIcon:
        return icons.icon(name, self.hex(token), self.palette.outline, before_text)


def spaced(layout: QLayout, *, margins: tuple[int, int, int, int] = (0, 0, 0, 0), gap: int = 0) -> None:
    """Margins (left, top, right, bottom) and gap at 100 %; `wear` scales them."""
    layout.setProperty("margins", list(margins))
    layout.setProperty("gap", gap)


def sized(widget: QWidget, *, width: int = 0, height: int = 0, widest: int = 0, tallest: int = 0) -> None:
    """Least and greatest width and height at 100 %, 0 for none; `wear` scales them."""
    widget.setProperty("sizes", [width, height, widest, tallest])


def wear(root: QWidget, look: Look) -> None:
    """Puts the look on the widget and all below it; those that paint or size themselves by it have a `set_look`."""
    for layout in root.findChildren(QLayout):
        margins = layout.property("margins")
        if margins is not None:
            layout.setContentsMargins(*(look.px(side) if side else 0 for side in margins))
            gap = layout.property("gap")
            layout.setSpacing(look.px(gap) if gap else 0)
    for widget in (root, *root.findChildren(QWidget)):
        _resize(widget, look)
        if (set_look := getattr(widget, "set_look", None)) is not None:
            set_look(look)


def tab_before(later: QWidget, *inserted: QWidget) -> None:
    """Gives widgets that were made late their place in the order of Tab."""
    before = later
    while (earlier := before.previousInFocusChain()) is not None and earlier is not later:
        before = earlier
        if before.focusPolicy() is not Qt.FocusPolicy.NoFocus:
            break
    for widget in inserted:
        QWidget.setTabOrder(before, widget)
        before = widget


def set_tone(widget: QWidget, name: str, value: str | bool) -> None:
    """Changes a property that the style sheet selects by, and restyles the widget if it is another than before."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def stylesheet(look: Look) -> str:
    """The application's style sheet in these colours and at this scale."""
    sheet = (RESOURCES / "styles" / "app.qss").read_text(encoding="utf-8")
    scaled = re.sub(r"\b(\d+)px", lambda match: f"{look.px(int(match[1]))}px", sheet)
    theme = "dark" if look.palette.dark else "light"
    return Template(scaled).substitute(tokens(look.palette), icons=icons.ICONS.as_posix(), theme=theme)


def qt_palette(look: Look) -> QPalette:
    """For what style sheets do not reach: selections, links, placeholders."""
    made = QPalette()
    roles = {
        QPalette.ColorRole.Window: "window",
        QPalette.ColorRole.WindowText: "text",
        QPalette.ColorRole.Base: "surface",
        QPalette.ColorRole.Text: "text",
        QPalette.ColorRole.Button: "raised",
        QPalette.ColorRole.ButtonText: "text",
        QPalette.ColorRole.Highlight: "accent_fill",
        QPalette.ColorRole.HighlightedText: "on_accent",
        QPalette.ColorRole.PlaceholderText: "muted",
        QPalette.ColorRole.ToolTipBase: "raised",
        QPalette.ColorRole.ToolTipText: "text",
        QPalette.ColorRole.Link: "accent",
    }
    for role, token in roles.items():
        made.setColor(role, look.colour(token))
    return made


def _resize(widget: QWidget, look: Look) -> None:
    sizes = widget.property("sizes")
    if sizes is not None:
        width, height, widest, tallest = (look.px(length) if length else 0 for length in sizes)
        widget.setMinimumSize(width, height)
        widget.setMaximumSize(widest or _UNBOUND, tallest or _UNBOUND)
