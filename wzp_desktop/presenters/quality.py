"""The stops of the quality slider, best first, and what each of them means to people (desktop.md §4)."""

from dataclasses import dataclass

from wzp_core.settings.schema import QUALITIES
from wzp_desktop.presenters.words import QUALITY, TECHNICAL

SENT_ONLY = "This is how you sound to others. What they send is always played."


@dataclass(frozen=True, slots=True)
class QualityStop:
    """`meaning` is the sentence below the slider, `technical` a hint for those who know codecs."""

    value: str
    label: str
    technical: str
    meaning: str


_MEANING = {
    "studio-64k": "The best sound there is, music too. For fast connections.",
    "studio-48k": "Hardly to be told from the best, with a quarter less data.",
    "studio-32k": "Clear, full sound for an ordinary connection.",
    "auto": "Recommended. Follows your connection: as good as it carries at each moment.",
    "good": "Clear speech that bears some loss. Music sounds plain.",
    "degraded": "Speech with little data, dull but easy to follow. For slow connections.",
    "codec2-3200": "Speech like an old radio. For very slow connections.",
    "codec2-1200": "A robot's voice: words come across, whose voice it is hardly.",
    "lifeboat": "A robot's voice in bundles, late but whole. For when nothing else gets through.",
}

QUALITY_STOPS = tuple(QualityStop(value, QUALITY[value], TECHNICAL[value], _MEANING[value]) for value in QUALITIES)


def place_of(quality: str) -> int:
    """The index of the stop; the settings allow no other values."""
    return QUALITIES.index(quality)
