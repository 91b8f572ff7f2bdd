"""How media flows, in one line, and why it does not."""

from dataclasses import dataclass

from wzp_core.session.state import MediaView, NoAudioReason
from wzp_desktop.presenters.words import NO_AUDIO, NOT_DIRECT, heard_as

_PATH = {"relay": "Through the relay", "direct": "Direct connection"}


def path_text(media: MediaView) -> str:
    """`Direct connection · 34 ms there and back · 0.4 % lost`; no line breaks inside a figure."""
    parts = [_PATH.get(media.path, media.path)]
    if media.path_reason is not None:
        parts[0] += f" ({NOT_DIRECT[media.path_reason]})"
    if media.rtt_ms is not None:
        parts.append(f"{media.rtt_ms:.0f}\xa0ms there and back")
    parts.append(f"{media.loss_pct:.1f}\xa0%\xa0lost")
    return " · ".join(parts)


@dataclass(frozen=True, slots=True)
class QualityLine:
    """How both sides sound; both texts are empty before anything is known."""

    text: str  # `Sound sent: Standard · heard: Good`
    technical: str  # the same in codecs and rates


def quality_line(media: MediaView) -> QualityLine:
    said = [
        (what, *heard_as(quality))
        for what, quality in (("sent", media.quality_tx), ("heard", media.quality_rx))
        if quality
    ]
    plain, technical = (" · ".join(f"{each[0]}: {each[at]}" for each in said) for at in (1, 2))
    return QualityLine(f"Sound {plain}", f"Sound {technical}") if said else QualityLine("", "")


def silence_text(media: MediaView, *, interrupted: bool = False) -> str:
    """The banner of a call in which nothing is heard; empty while something is. `interrupted`: no path carries it."""
    if media.no_audio is None:
        return ""
    return f"No incoming audio. {NO_AUDIO[NoAudioReason.PATH_LOST if interrupted else media.no_audio]}"
