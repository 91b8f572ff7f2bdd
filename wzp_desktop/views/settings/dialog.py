"""The settings dialog; every change takes effect at once."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from wzp_core.engine.commands import ChangeSettings, HideBackup, RefreshDevices, TestMicrophone
from wzp_core.session.state import Levels
from wzp_core.settings.schema import Settings
from wzp_desktop.presenters.settings import SettingsScreen
from wzp_desktop.views.buttons import Button
from wzp_desktop.views.frames import ScrollPage
from wzp_desktop.views.look import Look, spaced
from wzp_desktop.views.notice import NoticeBanner
from wzp_desktop.views.settings.about import AboutSection
from wzp_desktop.views.settings.appearance import AppearanceSection
from wzp_desktop.views.settings.audio import AudioSection
from wzp_desktop.views.settings.calls import CallsSection
from wzp_desktop.views.settings.identity import IdentitySection
from wzp_desktop.views.settings.network import NetworkSection
from wzp_desktop.views.settings.relays import RelaysSection
from wzp_desktop.views.settings.section import Section, SettingsEdit

_SIDEBAR_FROM = 640  # width at 100 %


class SettingsDialog(QDialog):
    """All sections on one scrolling page; the list at the side, where there is room, leads to each."""

    command = Signal(object)
    report_wanted = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self._settings = Settings()
        self._seen: Settings | None = None
        self._words_shown = self._testing = False
        self._look = Look()
        self._identity, self._audio, self._relays = IdentitySection(), AudioSection(), RelaysSection()
        self._network = NetworkSection()
        self._calls, self._appearance, self._about = CallsSection(), AppearanceSection(), AboutSection()
        self.report = self._about.report
        self.report.wanted.connect(self.report_wanted)
        self._page = ScrollPage(640)
        self.report.told.connect(self._page.reveal)
        self._sidebar = QFrame()
        self._notice = NoticeBanner()
        self._close = Button("Close", "close", alt="o")
        self._lay_out()

    def apply(self, screen: SettingsScreen, levels: Levels) -> None:
        if screen.settings != self._seen:
            self._settings = self._seen = screen.settings
        self._words_shown, self._testing = bool(screen.words), screen.mic_test
        self._audio.apply(screen, levels.microphone)
        self._notice.tell(screen.notice)
        for section in (self._identity, self._relays, self._network, self._calls, self._appearance, self._about):
            section.apply(screen)

    def set_look(self, look: Look) -> None:
        """Another size moves everything: what has the focus, such as the choice of the size, stays in view."""
        self._look = look
        self._fit()
        focused = self.focusWidget()
        if focused is not None and self._page.isAncestorOf(focused):
            self._page.reveal(focused)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.command.emit(RefreshDevices())
        self._fit()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        if self._words_shown:
            self.command.emit(HideBackup())
        if self._testing:
            self.command.emit(TestMicrophone(on=False))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._fit()

    def _sections(self) -> tuple[Section, ...]:
        return (self._identity, self._audio, self._relays, self._network, self._calls, self._appearance, self._about)

    def _lay_out(self) -> None:
        self._sidebar.setObjectName("sidebar")
        rows = QVBoxLayout(self._sidebar)
        spaced(rows, margins=(12, 18, 12, 18), gap=4)
        for section in self._sections():
            self._page.column.addWidget(section)
            section.edited.connect(self._on_edited)
            section.command.connect(self.command)
            link = Button(section.title, section.icon, "nav", alt=section.alt)
            link.clicked.connect(lambda _=False, target=section: self._go_to(target))
            rows.addWidget(link)
        rows.addStretch(1)
        bottom = QFrame()
        bottom.setObjectName("controls")
        ending = QHBoxLayout(bottom)
        spaced(ending, margins=(16, 10, 16, 10))
        ending.addStretch(1)
        ending.addWidget(self._close)
        self._close.clicked.connect(self.accept)
        across, column = QHBoxLayout(), QVBoxLayout(self)
        spaced(across)
        spaced(column)
        across.addWidget(self._sidebar)
        across.addWidget(self._page, 1)
        self._notice.command.connect(self.command)
        column.addWidget(self._notice)
        column.addLayout(across, 1)
        column.addWidget(bottom)

    def _on_edited(self, change: SettingsEdit) -> None:
        changed = change(self._settings)
        if changed != self._settings:
            self._settings = changed
            self.command.emit(ChangeSettings(changed))

    def _go_to(self, section: Section) -> None:
        self._page.verticalScrollBar().setValue(section.pos().y())
        for control in filter(_takes_tab, section.findChildren(QWidget)):
            control.setFocus(Qt.FocusReason.TabFocusReason)
            return

    def _fit(self) -> None:
        self._sidebar.setVisible(self.width() >= self._look.px(_SIDEBAR_FROM))


def _takes_tab(widget: QWidget) -> bool:
    return widget.isVisible() and widget.isEnabled() and bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
