"""The stops of the quality slider, best first, and what each of them means to people (desktop.md §4)."""

from dataclasses import dataclass

from wzp_core.settings.schema import QUALITIES
from wzp_desktop.presenters.words import QUALITY

SENT_ONLY = "This is how you sound to others. What they send is always played."


@dataclass(frozen=True, slots=True)
class QualityStop:
    """`spoken` is read aloud with the slider; `meaning` is the sentence below it."""

    value: str
    label: str
    rank: str
    meaning: str

    @property
    def spoken(self) -> str:
        return f"{self.label}, {self.rank}"


_WORDS = {
    "studio-64k": ("best", "The best sound there is, music too. For fast connections."),
    "studio-48k": ("very good", "Hardly to be told from the best, with a quarter less data."),
    "studio-32k": ("good", "Clear, full sound for an ordinary connection."),
    "auto": ("recommended", "Follows your connection: as good as it carries at each moment."),
    "good": ("everyday", "Clear speech that bears some loss. Music sounds plain."),
    "degraded": ("sparing", "Speech with little data, dull but easy to follow. For slow connections."),
    "codec2-3200": ("low", "Speech like an old radio. For very slow connections."),
    "codec2-1200": ("very low", "A robot's voice: words come across, whose voice it is hardly."),
    "lifeboat": ("last resort", "A robot's voice in bundles, late but whole. For when nothing else gets through."),
}

QUALITY_STOPS = tuple(QualityStop(value, QUALITY[value], *_WORDS[value]) for value in QUALITIES)


def place_of(quality: str) -> int:
    """The index of the stop; the settings allow no other values."""
    return QUALITIES.index(quality)
