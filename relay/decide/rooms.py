"""Who is in which media room, under which stream id (relay.md §3, e2e.md §1)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from relay.config import MOST_MEMBERS
from relay.decide.effects import ConnectionId, Cut, Deliver, Effect
from relay.decide.paced import Paced
from relay.decide.presence import shown_alias
from wzp_core.crypto.rooms import room_hash
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.protocol.ids import Fingerprint, RoomName
from wzp_core.protocol.signal.room import RoomParticipant, RoomUpdate

DEFAULT_ROOM = RoomName("default")
_CALL_PREFIX = "call-"
_FORWARDED_PREFIX = "relay-"
_PLAIN = (_CALL_PREFIX, _FORWARDED_PREFIX)  # what these rooms are is known by their names
_HASH = re.compile(r"[0-9a-f]{32}")


def room_named(server_name: str) -> RoomName:
    """The name a link asked by (transport.md §3). Raises RemoteViolation for one that is reserved or malformed."""
    name = server_name.lower() or DEFAULT_ROOM
    if not re.fullmatch(r"[a-z0-9-][a-z0-9_.-]{0,252}", name):
        raise RemoteViolation(ErrorCode.BAD_VALUE, what="room name", length=len(name))
    return RoomName(name)


def room_of(server_name: str) -> RoomName:
    """The room a link asked for: the hash of the name, so that those meet who say the name and those who hide it.

    Raises as `room_named`.
    """
    name = room_named(server_name)
    return name if name.startswith(_PLAIN) or _HASH.fullmatch(name) else RoomName(room_hash(name))


def forwarded_room(session_id: str) -> RoomName:
    """The room of a session that another relay forwards. Raises RemoteViolation for an id that cannot be in a name."""
    return room_of(_FORWARDED_PREFIX + session_id)


def is_forwarded(room: RoomName) -> bool:
    """Whether another relay may forward a session to it."""
    return room.startswith(_FORWARDED_PREFIX)


def call_of(room: RoomName) -> str | None:
    """The id of the call whose private room this is."""
    return room.removeprefix(_CALL_PREFIX) if room.startswith(_CALL_PREFIX) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    fingerprint: Fingerprint
    alias: str | None
    stream_id: int


class Elsewhere(Protocol):
    """Members of the same rooms on other relays."""

    def participants(self, room: RoomName) -> Mapping[Fingerprint, RoomParticipant]: ...

    def first_stream_id(self, room: RoomName) -> int:
        """From where to count, so that relays which do not know of each other's members yet rarely choose the same."""


@dataclass(slots=True)
class _Room:
    members: dict[ConnectionId, Member] = field(default_factory=dict)
    roster: RoomUpdate | None = None


class Rooms:
    """All rooms; one exists while it has members."""

    def __init__(self) -> None:
        self._rooms: dict[RoomName, _Room] = {}
        self._room_of: dict[ConnectionId, RoomName] = {}
        self._rosters: Paced[ConnectionId] = Paced()
        self.elsewhere: Elsewhere | None = None

    def __len__(self) -> int:
        return len(self._rooms)

    def __iter__(self) -> Iterator[RoomName]:
        return iter(self._rooms)

    @property
    def open_to_all(self) -> int:
        """Rooms that are not a call's."""
        return sum(call_of(room) is None for room in self._rooms)

    def members(self, room: RoomName) -> Mapping[ConnectionId, Member]:
        found = self._rooms.get(room)
        return MappingProxyType(found.members if found else {})

    def participants(self, room: RoomName) -> tuple[RoomParticipant, ...]:
        """This relay's own members, as others may know them."""
        return tuple(
            RoomParticipant(fingerprint=member.fingerprint, alias=member.alias, stream_id=member.stream_id)
            for member in self.members(room).values()
        )

    def whereabouts(self) -> dict[Fingerprint, RoomName]:
        """A room that each member is in."""
        return {member.fingerprint: name for name, room in self._rooms.items() for member in room.members.values()}

    def room_with(self, fingerprint: Fingerprint) -> RoomName | None:
        """A room that somebody is in."""
        rooms = self._rooms.items()
        return next(
            (name for name, room in rooms if any(m.fingerprint == fingerprint for m in room.members.values())), None
        )

    def join(
        self,
        room: RoomName,
        connection: ConnectionId,
        fingerprint: Fingerprint,
        alias: str | None,
        stream_id: int | None = None,
    ) -> tuple[Member, list[Effect]]:
        """Enters a member under `stream_id`, or the lowest free one (the highest in the room of a forwarded session:
        there the other relay counts from below).

        An older connection of the same fingerprint is cut off and leaves its stream id to the newer one. Raises
        Unavailable(LIMIT) for a full room.
        """
        older = [(at, member) for at, member in self.members(room).items() if member.fingerprint == fingerprint]
        for at, member in older:
            stream_id = stream_id or member.stream_id
            self.leave(at)
        stream_id = self._free_stream_id(room, stream_id)
        member = Member(fingerprint=fingerprint, alias=shown_alias(alias), stream_id=stream_id)
        self._rooms.setdefault(room, _Room()).members[connection] = member
        self._room_of[connection] = room
        self._changed(room)
        return member, [Cut(at, "replaced") for at, _ in older]

    def leave(self, connection: ConnectionId) -> RoomName | None:
        """The room that lost this member; None if it was replaced before."""
        room = self._room_of.pop(connection, None)
        if room is None:
            return None
        del self._rooms[room].members[connection]
        self._rosters.forget(connection)
        self._changed(room)
        return room

    @property
    def updates_due_at(self) -> float | None:
        return self._rosters.due_at

    def updates(self, now: float) -> list[Effect]:
        """The rosters whose turn it is."""
        turn = self._rosters.take(now, lambda connection: self._roster(self._room_of[connection]).count)
        return [Deliver(connection, self._roster(self._room_of[connection])) for connection in turn]

    def refresh(self, room: RoomName) -> None:
        """Its members elsewhere have changed."""
        if room in self._rooms:
            self._changed(room)

    def _changed(self, name: RoomName) -> None:
        room = self._rooms[name]
        room.roster = None
        self._rosters.mark(room.members)
        if not room.members:
            del self._rooms[name]

    def _roster(self, name: RoomName) -> RoomUpdate:
        room = self._rooms[name]
        if room.roster is None:
            own = self.participants(name)
            names = {each.fingerprint for each in own}
            others = () if self.elsewhere is None else self.elsewhere.participants(name).values()
            participants = (*own, *(each for each in others if each.fingerprint not in names))
            room.roster = RoomUpdate(count=len(participants), participants=participants)
        return room.roster

    def _free_stream_id(self, room: RoomName, wanted: int | None) -> int:
        taken = own = {member.stream_id for member in self.members(room).values()}
        first = 1
        if self.elsewhere is not None and call_of(room) is None:  # a call's roles give its stream ids
            taken = own | {each.stream_id or 0 for each in self.elsewhere.participants(room).values()}
            first = self.elsewhere.first_stream_id(room)
        if wanted is not None and wanted not in taken:
            return wanted
        ids = list(range(first, MOST_MEMBERS + 1)) + list(range(1, first))
        if is_forwarded(room):
            ids.reverse()
        candidates = (stream_id for used in (taken, own) for stream_id in ids if stream_id not in used)
        free = next(candidates, None)  # where others have taken all, our own members come first
        if free is None:
            raise Unavailable(ErrorCode.LIMIT, what="room members", most=MOST_MEMBERS)
        return free
