"""Icons from the project's own drawings, in any colour."""

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from wzp_desktop import RESOURCES

ICONS = RESOURCES / "icons"
_SIZES_PX = (16, 24, 48, 96)


@lru_cache(maxsize=256)
def icon(name: str, colour: str, disabled: str, before_text: bool = False) -> QIcon:
    """The drawing `name`, its `currentColor` replaced; drawn at several sizes so that it stays sharp.

    Before a text it is a third wider than high: buttons have no other way to keep icon and caption apart.
    """
    made = QIcon()
    for size in _SIZES_PX:
        made.addPixmap(_drawn(name, colour, size, before_text), QIcon.Mode.Normal)
        made.addPixmap(_drawn(name, disabled, size, before_text), QIcon.Mode.Disabled)
    return made


def _drawn(name: str, colour: str, size_px: int, before_text: bool) -> QPixmap:
    picture = QPixmap(size_px * 4 // 3 if before_text else size_px, size_px)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    _renderer(name, colour).render(painter, QRectF(0, 0, size_px, size_px))
    painter.end()
    return picture


def app_icon() -> QIcon:
    return QIcon(str(ICONS / "wzp-desktop.svg"))


def _renderer(name: str, colour: str) -> QSvgRenderer:
    text = (ICONS / f"{name}.svg").read_text(encoding="utf-8").replace("currentColor", colour)
    return QSvgRenderer(QByteArray(text.encode()))
