"""How media flows, in one line, and why it does not."""

from wzp_core.session.state import MediaView
from wzp_desktop.presenters.words import NO_AUDIO, NOT_DIRECT, QUALITY

_PATH = {"relay": "Through the relay", "direct": "Direct connection"}


def path_text(media: MediaView) -> str:
    """`Direct connection · 34 ms round trip · 0.4 % lost`; no line breaks inside a figure."""
    parts = [_PATH.get(media.path, media.path)]
    if media.path_reason is not None:
        parts[0] += f" ({NOT_DIRECT[media.path_reason]})"
    if media.rtt_ms is not None:
        parts.append(f"{media.rtt_ms:.0f}\xa0ms round trip")
    parts.append(f"{media.loss_pct:.1f}\xa0%\xa0lost")
    return " · ".join(parts)


def quality_text(media: MediaView) -> str:
    """`Sending Opus 24k · receiving Studio 32k`; empty before both are known."""
    sending, receiving = (QUALITY.get(name, name) for name in (media.quality_tx, media.quality_rx))
    parts = [f"{verb} {name}" for verb, name in (("sending", sending), ("receiving", receiving)) if name]
    line = " · ".join(parts)
    return line[:1].upper() + line[1:]


def silence_text(media: MediaView) -> str:
    """The banner of a call in which nothing is heard; empty while something is."""
    return f"No incoming audio. {NO_AUDIO[media.no_audio]}" if media.no_audio else ""
