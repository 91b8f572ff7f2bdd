"""How loud one person is heard."""

from dataclasses import dataclass

from wzp_core.session.state import LOUDEST_PERCENT as LOUDEST_PERCENT  # for the slider
from wzp_core.session.state import Volume
from wzp_desktop.presenters.names import in_sentence

USUAL_PERCENT = 100


@dataclass(frozen=True, slots=True)
class VolumeLine:
    """Whose volume it is, and what it is now."""

    who: str  # as commands name them
    name: str
    percent: int = USUAL_PERCENT
    muted: bool = False

    @property
    def note(self) -> str:
        """What is unusual about it; empty for most people."""
        if self.muted:
            return "Muted"
        return "" if self.percent == USUAL_PERCENT else f"{self.percent} %"

    @property
    def spoken(self) -> str:
        return f"muted, {self.percent} %" if self.muted else f"{self.percent} %"

    @property
    def silence(self) -> str:
        """Why nothing is heard of them, where that is the user's own doing."""
        if self.muted:
            return f"You have muted {in_sentence(self.name)}."
        return "" if self.percent else f"You have turned the volume of {in_sentence(self.name)} down to 0 %."


def volume_line(who: str, name: str, volume: Volume) -> VolumeLine:
    return VolumeLine(who, name, volume.percent, volume.muted)
