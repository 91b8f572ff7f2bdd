"""What to call a person on screen."""

import re
import unicodedata

from wzp_core.session.state import Person

_LONGEST_NAME = 48
_SHORT_FINGERPRINT = 16
_ISOLATE, _END_OF_ISOLATE = "\u2068", "\u2069"


def shown_name(alias: str, fingerprint: str) -> str:
    """The alias without what could disguise it (control and direction characters), else the short fingerprint.

    An alias is chosen by the other side; line breaks, right-to-left overrides and zero-width characters in it could
    make one name look like another (desktop.md §6).
    """
    visible = (char for char in alias if char.isspace() or unicodedata.category(char)[0] != "C")
    name = " ".join("".join(visible).split())
    if not name:
        return short_fingerprint(fingerprint)
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def in_sentence(name: str) -> str:
    """The name for use within a sentence of ours: one in a right-to-left script does not turn the sentence round."""
    turns = any(unicodedata.bidirectional(char) in ("R", "AL", "AN") for char in name)
    return f"{_ISOLATE}{name}{_END_OF_ISOLATE}" if turns else name


def person_name(person: Person) -> str:
    return shown_name(person.alias, person.fingerprint)


def short_fingerprint(fingerprint: str) -> str:
    """The first 16 characters; `Guest` for members without an identity."""
    return fingerprint[:_SHORT_FINGERPRINT] or "Guest"


def foldable(text: str, longest: int) -> str:
    """The text with invisible break opportunities in words of more letters, so that no word widens a window."""
    return re.sub(rf"(\S{{{longest}}})(?=\S)", "\\1\u200b", text)


def breakable(fingerprint: str) -> str:
    """The fingerprint with invisible break opportunities, so that it wraps instead of widening a narrow window."""
    return fingerprint.replace(":", ":\u200b")
