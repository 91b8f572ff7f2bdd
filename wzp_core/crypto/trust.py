"""Known, new or changed: when a key must be put before the user (e2e.md §6)."""

import unicodedata
from collections.abc import Iterable
from enum import Enum

from wzp_core.protocol.ids import Fingerprint, TlsFingerprint


class RelayVerdict(Enum):
    NEW = "new"  # trusted on first use
    KNOWN = "known"
    CHANGED = "changed"  # the user decides, and nothing is sent before


def relay_verdict(known: TlsFingerprint | None, shown: TlsFingerprint) -> RelayVerdict:
    """What a relay's certificate means beside the remembered one."""
    if known is None:
        return RelayVerdict.NEW
    return RelayVerdict.KNOWN if known == shown else RelayVerdict.CHANGED


def former_owner(alias: str, fingerprint: Fingerprint, known: Iterable[tuple[str, Fingerprint]]) -> Fingerprint | None:
    """The contact that had this alias before it appeared with `fingerprint`; None where nothing is suspicious.

    `known` are the remembered aliases. Who is remembered under the alias already was accepted with it.
    """
    wanted = _look(alias)
    owners = [owner for name, owner in known if wanted and _look(name) == wanted]
    return None if not owners or fingerprint in owners else owners[0]


def encryption_lost(*, was_end_to_end: bool, is_end_to_end: bool) -> bool:
    """Whether a peer that could encrypt end to end no longer does: a downgrade, to be shown like a changed key."""
    return was_end_to_end and not is_end_to_end


def _look(alias: str) -> str:
    """Aliases that look alike are alike: no case, no width, no invisible characters, single spaces."""
    text = unicodedata.normalize("NFKC", alias).casefold()
    return " ".join("".join(c for c in text if unicodedata.category(c) != "Cf").split())
