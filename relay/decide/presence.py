"""Who is on the signal hub (relay.md §6)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from relay.decide.effects import ConnectionId, Cut, Effect, Send
from relay.decide.global_names import lobby_part
from relay.decide.paced import Paced
from relay.decide.roster import Parts, Roster
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.ids import Fingerprint, RoomName
from wzp_core.protocol.signal.presence import PresenceChange, PresenceList, PresenceUser
from wzp_core.protocol.signal.room import RoomParticipant

LONGEST_ALIAS = 64
_MOST_ELSEWHERE = 2000  # that a client is told of
_MOST_SIGNERS = 20_000
_FIRST_PART = 25  # entries of a list: more at a time only as long as they are heard at once


def shown_alias(alias: str | None) -> str | None:
    """An alias as others may see it: printable and short, since it is repeated to everybody."""
    cleaned = "".join(letter for letter in alias or "" if letter.isprintable()).strip()
    return cleaned[:LONGEST_ALIAS] or None


@dataclass(frozen=True, slots=True)
class _Entry:
    connection: ConnectionId
    alias: str | None
    takes_changes: bool


@dataclass(slots=True)
class _Reading:
    """How far a newcomer has been told of the list."""

    parts: Parts
    told: int = 0
    size: int = _FIRST_PART


class Elsewhere(Protocol):
    """Clients of other relays."""

    def users(self) -> Iterable[RoomParticipant]: ...


class Hub:
    """Registered clients; the newest connection of a fingerprint wins."""

    def __init__(self) -> None:
        self._entries: dict[Fingerprint, _Entry] = {}
        self._lists: Paced[Fingerprint] = Paced()  # whole: for newcomers, and for those who take no changes
        self._changes: Paced[Fingerprint] = Paced()
        self._pacers = [self._changes, self._lists]  # whose turn it is, before whose it was
        self._roster = Roster()
        self._is_published = True
        self._told: dict[Fingerprint, int] = {}  # the version that those who take changes know
        self._reading: dict[Fingerprint, _Reading] = {}
        self.has_heard: Callable[[ConnectionId], bool] = lambda _connection: True
        """Whether a client has what was sent to it."""
        self.elsewhere: Elsewhere | None = None
        self._signers: dict[Fingerprint, None] = {}  # longest ago first

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, fingerprint: Fingerprint) -> bool:
        return fingerprint in self._entries

    def fingerprints(self) -> tuple[Fingerprint, ...]:
        return tuple(self._entries)

    def alias_of(self, fingerprint: Fingerprint) -> str | None:
        entry = self._entries.get(fingerprint)
        return entry.alias if entry else None

    def connection_of(self, fingerprint: Fingerprint) -> ConnectionId | None:
        entry = self._entries.get(fingerprint)
        return entry.connection if entry else None

    def hold_to_signature(self, fingerprint: Fingerprint, *, is_signed: bool) -> None:
        """Who has signed once is nobody's who does not: older clients cannot sign, impostors cannot either.

        Raises RemoteViolation(BAD_SIGNATURE).
        """
        if not is_signed:
            if fingerprint in self._signers:
                raise RemoteViolation(ErrorCode.BAD_SIGNATURE)
            return
        self._signers.pop(fingerprint, None)
        self._signers[fingerprint] = None
        if len(self._signers) > _MOST_SIGNERS + len(self._entries):
            absent = next(who for who in self._signers if who not in self._entries)
            del self._signers[absent]

    def register(
        self, connection: ConnectionId, fingerprint: Fingerprint, alias: str | None, *, takes_changes: bool = False
    ) -> list[Effect]:
        """Enters a client, whose Ack must have been sent before, and cuts off its older connection."""
        replaced = self._entries.get(fingerprint)
        self._entries[fingerprint] = _Entry(connection, shown_alias(alias), takes_changes)
        self._forget(fingerprint)
        self._changed()
        return [Cut(replaced.connection, "replaced")] if replaced else []

    def deregister(self, connection: ConnectionId, fingerprint: Fingerprint) -> bool:
        """Whether the fingerprint is gone now: a replaced connection takes nothing with it."""
        entry = self._entries.get(fingerprint)
        if entry is None or entry.connection != connection:
            return False
        del self._entries[fingerprint]
        for pacer in self._pacers:
            pacer.forget(fingerprint)
        self._forget(fingerprint)
        self._changed()
        return True

    def _forget(self, fingerprint: Fingerprint) -> None:
        self._told.pop(fingerprint, None)
        self._reading.pop(fingerprint, None)

    @property
    def updates_due_at(self) -> float | None:
        return min((due for pacer in self._pacers if (due := pacer.due_at) is not None), default=None)

    def updates(self, now: float) -> list[Effect]:
        """The presence lists, or changes of them, whose turn it is: in turns, so that no crowd of newcomers holds up
        what is short and for everybody.
        """
        due = self.updates_due_at
        if due is None or now < due:
            return []
        if not self._is_published:
            self._roster.publish(self._users())
            self._is_published = True
        for pacer in self._pacers:
            if turn := pacer.take(now, self._cost):
                self._pacers.sort(key=lambda each: each is pacer)
                for each in self._pacers:
                    each.rest(now)
                behind = [receiver for receiver in turn if self._told.get(receiver) != self._roster.version]
                return [Send(receiver, news) for receiver in behind if (news := self._news(receiver)) is not None]
        return []

    def refresh(self) -> None:
        """Clients elsewhere have changed."""
        self._changed()

    def participants(self, part: RoomName) -> tuple[RoomParticipant, ...]:
        """This relay's own clients in one part of the lobby, as other relays may know them."""
        return tuple(
            RoomParticipant(fingerprint=who, alias=entry.alias)
            for who, entry in self._entries.items()
            if lobby_part(who) == part
        )

    def has_any_in(self, part: RoomName) -> bool:
        return any(lobby_part(who) == part for who in self._entries)

    def _changed(self) -> None:
        self._is_published = False
        self._changes.mark(who for who in self._entries if who in self._told)
        self._lists.mark(who for who in self._entries if who not in self._told)

    def _cost(self, receiver: Fingerprint) -> int:
        known = self._told.get(receiver)
        if known is not None or not self._entries[receiver].takes_changes:
            return self._roster.cost(known)
        reading = self._reading.get(receiver)
        return reading.size if reading is not None else _FIRST_PART

    def _news(self, receiver: Fingerprint) -> PresenceList | PresenceChange | None:
        known = self._told.get(receiver)
        if not self._entries[receiver].takes_changes:
            return self._roster.news(known)
        if known is None:
            return self._next_part(receiver)
        self._told[receiver] = self._roster.version
        return self._roster.news(known)

    def _next_part(self, receiver: Fingerprint) -> PresenceList | PresenceChange | None:
        """None while it has not heard the one before; changes since then come after the last."""
        reading = self._reading.setdefault(receiver, _Reading(self._roster.parts))
        if reading.told and not self.has_heard(self._entries[receiver].connection):
            reading.size = _FIRST_PART
            self._lists.mark([receiver])
            return None
        part = reading.parts.part(reading.told, reading.size)
        reading.told, reading.size = reading.told + reading.size, 2 * reading.size
        if reading.told < len(reading.parts.users):
            self._lists.mark([receiver])
        else:
            del self._reading[receiver]
            self._told[receiver] = reading.parts.version
            if reading.parts.version != self._roster.version:
                self._changes.mark([receiver])
        return part

    def _users(self) -> Iterator[PresenceUser]:
        for who, entry in self._entries.items():
            yield PresenceUser(fingerprint=who, alias=entry.alias)
        yield from islice(self._others(), _MOST_ELSEWHERE)

    def _others(self) -> Iterator[PresenceUser]:
        for user in self.elsewhere.users() if self.elsewhere is not None else ():
            if user.fingerprint not in self._entries:
                yield PresenceUser(fingerprint=user.fingerprint, alias=user.alias, relay_label=user.relay_label)
