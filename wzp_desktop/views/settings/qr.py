"""A QR code of a fingerprint's link."""

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from wzp_desktop.presenters.fingerprints import LINK_PREFIX
from wzp_desktop.views.look import Look

_SIDE = 148
_QUIET = 4  # modules of white around the code, as ISO/IEC 18004 asks


class QrView(QWidget):
    """Always dark on white, in every theme: many readers need it so."""

    def __init__(self) -> None:
        super().__init__()
        self._look = Look()
        self._fingerprint = ""
        self._modules: tuple[bytes, ...] = ()
        self.setAccessibleName("QR code of my fingerprint")

    def show_fingerprint(self, fingerprint: str) -> None:
        if fingerprint and fingerprint != self._fingerprint:
            import segno  # here: costs start-up time, and few open the settings

            self._fingerprint = fingerprint
            code = segno.make(LINK_PREFIX + fingerprint, micro=False)
            self._modules = tuple(bytes(row) for row in code.matrix)
            self.update()

    def set_look(self, look: Look) -> None:
        self._look = look
        self.setFixedSize(self.sizeHint())

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return self._look.size(_SIDE)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        if not self._modules:
            return
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("white"))
        module = self.width() // (len(self._modules) + 2 * _QUIET)
        start = (self.width() - module * len(self._modules)) // 2
        for y, row in enumerate(self._modules):
            for x, dark in enumerate(row):
                if dark:
                    painter.fillRect(QRectF(start + x * module, start + y * module, module, module), QColor("black"))
