"""A known name with another key: when a contact must be put before the user (e2e.md §6)."""

import unicodedata
from collections.abc import Iterable

from wzp_core.protocol.ids import Fingerprint


def former_owner(alias: str, fingerprint: Fingerprint, known: Iterable[tuple[str, Fingerprint]]) -> Fingerprint | None:
    """The contact that had this alias before it appeared with `fingerprint`; None where nothing is suspicious.

    `known` are the remembered aliases. Who is remembered under the alias already was accepted with it.
    """
    wanted = _look(alias)
    owners = [owner for name, owner in known if wanted and _look(name) == wanted]
    return None if not owners or fingerprint in owners else owners[0]


def _look(alias: str) -> str:
    """Aliases that look alike are alike: no case, no width, no invisible characters, single spaces."""
    text = unicodedata.normalize("NFKC", alias).casefold()
    return " ".join("".join(c for c in text if unicodedata.category(c) != "Cf").split())
