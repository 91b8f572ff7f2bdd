"""Fingerprints as people type, paste and link them."""

from wzp_core.errors import RemoteViolation
from wzp_core.protocol.ids import Fingerprint, parse_fingerprint

LINK_PREFIX = "wzp:"
_DIGITS = 32


def typed_fingerprint(text: str) -> Fingerprint | None:
    """The fingerprint in text of any form (colons, spaces, `wzp:` or none), or None if it is not exactly one."""
    bare = text.strip().lower().removeprefix(LINK_PREFIX).removeprefix("//").rstrip("/")
    digits = [char for char in bare if char not in " :-.,\t\n\u200b"]
    if len(digits) != _DIGITS or any(char not in "0123456789abcdef" for char in digits):
        return None
    try:
        return parse_fingerprint("".join(digits))
    except RemoteViolation:
        return None


def dial_hint(text: str, mine: str) -> str:
    """What is wrong with the text in the dial field; empty when it may be called or nothing was typed."""
    if not text.strip():
        return ""
    fingerprint = typed_fingerprint(text)
    if fingerprint is None:
        return "A fingerprint has 32 digits from 0 to 9 and a to f. Copy it whole."
    return "This is your own fingerprint. Paste the other person's." if fingerprint == mine else ""
