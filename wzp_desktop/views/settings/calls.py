"""Quality, what calls are allowed, and the default room."""

from dataclasses import replace

from wzp_desktop.presenters.quality import SENT_ONLY
from wzp_desktop.presenters.settings import UNPROTECTED_WARNING, SettingsScreen
from wzp_desktop.presenters.tone import Tone
from wzp_desktop.views.choice import Switch
from wzp_desktop.views.frames import Banner
from wzp_desktop.views.quality import QualitySetting
from wzp_desktop.views.settings.section import Section
from wzp_desktop.views.text import field, label


class CallsSection(Section):
    def __init__(self) -> None:
        super().__init__("Calls", "phone", "c")
        self._quality = QualitySetting()
        self._unprotected = Switch("Allow calls without encryption")
        self._unprotected.setAccessibleName("Allow calls without end-to-end encryption")
        self._warning = Banner("lock-open", Tone.WARNING)
        self._room = field("Default room")
        self.column.addWidget(label("Quality", "strong"))
        self.column.addWidget(self._quality)
        self.column.addWidget(label(SENT_ONLY, "muted"))
        self.column.addWidget(label("Encryption", "strong"))
        self.column.addWidget(self._unprotected)
        self.column.addWidget(
            label("For calling people whose older programs cannot encrypt end to end. Off is safer.", "muted")
        )
        self.column.addWidget(self._warning)
        self.column.addWidget(label("Default room", "strong"))
        self.column.addWidget(self._room)
        self._quality.chosen.connect(self._on_quality)
        self._unprotected.clicked.connect(self._on_unprotected)
        self._room.editingFinished.connect(self._on_room)

    def apply(self, screen: SettingsScreen) -> None:
        self._quality.show_quality(screen.settings.call.quality)
        allowed = screen.settings.call.allow_unprotected
        self._unprotected.setChecked(allowed)
        self._warning.tell(UNPROTECTED_WARNING if allowed else "")
        if not self._room.hasFocus():
            self._room.setText(screen.settings.call.room)

    def _on_quality(self, quality: str) -> None:
        self.edit(lambda settings: replace(settings, call=replace(settings.call, quality=quality)))

    def _on_unprotected(self, allowed: bool) -> None:
        self._warning.tell(UNPROTECTED_WARNING if allowed else "")
        self.edit(lambda settings: replace(settings, call=replace(settings.call, allow_unprotected=allowed)))

    def _on_room(self) -> None:
        if room := self._room.text().strip():
            self.edit(lambda settings: replace(settings, call=replace(settings.call, room=room)))
