"""Who is online, as the user knows them."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

from wzp_core.crypto.trust import former_owner
from wzp_core.errors import RemoteViolation
from wzp_core.ports import Contact
from wzp_core.protocol.ids import Fingerprint, parse_fingerprint
from wzp_core.protocol.signal.presence import PresenceChange, PresenceUser
from wzp_core.session.state import ContactKeyChanged, Person

_LONGEST_ALIAS = 64
_MOST_SHOWN = 2000
_MOST_HELD = 20_000  # of a list that grows by changes


def shown_alias(alias: str | None) -> str:
    """A name fit for a label: one line of printable text, not too long."""
    return "".join(c for c in (alias or "") if c.isprintable())[:_LONGEST_ALIAS].strip()


def person(fingerprint: Fingerprint, alias: str | None, contacts: dict[Fingerprint, Contact]) -> Person:
    known = contacts.get(fingerprint)
    name = shown_alias(alias) or (known.alias if known else "")
    return Person(
        fingerprint=fingerprint,
        alias=name,
        verified=known is not None and known.verified,
        mismatched=known is not None and known.mismatched,
    )


def present(users: Iterable[PresenceUser], me: Fingerprint, contacts: dict[Fingerprint, Contact]) -> tuple[Person, ...]:
    """Everyone but me, once each, in the order of the relay; nonsense fingerprints are left out."""
    seen: dict[Fingerprint, Person] = {}
    for user in users:
        try:
            fingerprint = parse_fingerprint(user.fingerprint)
        except RemoteViolation:
            continue
        if fingerprint != me and len(seen) < _MOST_SHOWN:
            who = person(fingerprint, user.alias, contacts)
            seen[fingerprint] = replace(who, relay_label=shown_alias(user.relay_label))
    return tuple(seen.values())


def changed(users: Iterable[PresenceUser], change: PresenceChange) -> tuple[PresenceUser, ...]:
    """The list after a change; who comes is last."""
    away = {*change.left, *(user.fingerprint for user in change.came)}
    kept = (user for user in users if user.fingerprint not in away)
    return tuple(islice((*kept, *change.came), _MOST_HELD))


def changed_key(who: Person, contacts: dict[Fingerprint, Contact]) -> ContactKeyChanged | None:
    """The question to ask where a name the user has talked to comes with another key (e2e.md §6)."""
    if who.fingerprint in contacts:
        return None
    latest_first = sorted(contacts.values(), key=lambda c: (c.verified, c.last_seen_unix), reverse=True)
    old = former_owner(who.alias, who.fingerprint, [(c.alias, c.fingerprint) for c in latest_first])
    if old is None:
        return None
    return ContactKeyChanged(alias=who.alias, old=old, new=who.fingerprint, verified_before=contacts[old].verified)
