"""What this program is and can do, its keys, and a report for when it cannot."""

from wzp_core import __version__
from wzp_desktop.presenters.keys import KEYS
from wzp_desktop.presenters.settings import SettingsScreen
from wzp_desktop.views.frames import rule
from wzp_desktop.views.settings.report import ReportSetup
from wzp_desktop.views.settings.section import Section
from wzp_desktop.views.text import label, say


class AboutSection(Section):
    def __init__(self) -> None:
        super().__init__("About", "info", "b")
        self._dred, self.report = label(role="muted"), ReportSetup()
        self.column.addWidget(label(f"WZP Desktop {__version__}", "strong"))
        self.column.addWidget(label("End-to-end encrypted calls, with the relay inside.", "muted"))
        self.column.addWidget(label("Lost speech", "strong"))
        self.column.addWidget(self._dred)
        self.column.addWidget(rule())
        self.column.addWidget(self.report)
        self.column.addWidget(rule())
        self.column.addWidget(label("Keys", "strong"))
        self.column.addWidget(label(KEYS, "muted"))

    def apply(self, screen: SettingsScreen) -> None:
        say(self._dred, screen.dred)
