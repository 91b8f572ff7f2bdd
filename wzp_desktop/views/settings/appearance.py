"""Theme and size."""

from dataclasses import replace

from wzp_desktop.presenters.settings import SettingsScreen
from wzp_desktop.views.choice import Choice
from wzp_desktop.views.settings.section import Section
from wzp_desktop.views.text import label

_THEMES = (("system", "As the system"), ("light", "Light"), ("dark", "Dark"))
_SCALES = (75, 100, 125, 150, 175, 200)


class AppearanceSection(Section):
    def __init__(self) -> None:
        super().__init__("Appearance", "appearance", "p")
        self._theme, self._scale = Choice("Colours"), Choice("Size")
        for heading, choice in (("Colours", self._theme), ("Size", self._scale)):
            self.column.addWidget(label(heading, "strong"))
            self.column.addWidget(choice)
        self._theme.chosen.connect(self._on_theme)
        self._scale.chosen.connect(self._on_scale)

    def apply(self, screen: SettingsScreen) -> None:
        appearance = screen.settings.appearance
        percents = sorted({*_SCALES, appearance.scale_percent})
        self._theme.set_options(_THEMES, appearance.theme)
        self._scale.set_options([(str(each), f"{each} %") for each in percents], str(appearance.scale_percent))

    def _on_theme(self, theme: str) -> None:
        self.edit(lambda settings: replace(settings, appearance=replace(settings.appearance, theme=theme)))

    def _on_scale(self, percent: str) -> None:
        scale = int(percent)
        self.edit(lambda settings: replace(settings, appearance=replace(settings.appearance, scale_percent=scale)))
