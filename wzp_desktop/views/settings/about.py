"""What this program is and can do."""

from wzp_core import __version__
from wzp_desktop.presenters.settings import SettingsScreen
from wzp_desktop.views.settings.section import Section
from wzp_desktop.views.text import label, say


class AboutSection(Section):
    def __init__(self) -> None:
        super().__init__("About", "info")
        self._dred = label(role="muted")
        self.column.addWidget(label(f"WZP Desktop {__version__}", "strong"))
        self.column.addWidget(label("End-to-end encrypted calls, with the relay inside.", "muted"))
        self.column.addWidget(label("Lost speech", "strong"))
        self.column.addWidget(self._dred)

    def apply(self, screen: SettingsScreen) -> None:
        say(self._dred, screen.dred)
