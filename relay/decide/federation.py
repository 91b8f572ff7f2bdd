"""Who is in the rooms that span relays, as linked relays tell it, and where media goes from here (relay.md §9).

Every relay tells each neighbour whom it has itself and whom it knows by others, each person with the relays passed on
the way there (`via`). A list in which we find ourselves is a circle and counts for nothing, so what nobody has any more
dies out after as many steps as there are relays. Media takes the same ways backwards: a packet goes to neighbours that
do not know its sender by a shorter way of their own.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from relay.decide.effects import ConnectionId, Deliver, Effect
from relay.decide.global_names import LOBBY_PARTS, GlobalNames, Tags, is_call, is_lobby, lobby_part
from relay.decide.paced import Paced
from relay.decide.presence import shown_alias
from wzp_core.crypto.rooms import room_hash
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.ids import Fingerprint, RoomName, TlsFingerprint
from wzp_core.protocol.signal.federation import GlobalRoomActive, GlobalRoomInactive
from wzp_core.protocol.signal.room import RoomParticipant

MOST_HOPS: Final = 8
MOST_ROOMS: Final = 1024  # that one neighbour may tell of

_MOST_GUESTS = 255
_MOST_IN_CALL = 2
_MOST_IN_LOBBY_PART = 1500  # with the longest names less than one signal may hold
_LOBBY_ROUND_S = 1.0
_LONGEST_NAME = 253
_LIST_COSTS = 40  # as so many entries: a burst of short lists must not fill the neighbour's queue either

_FINGERPRINT = re.compile(r"[0-9a-f]{4}(?::[0-9a-f]{4}){7}")
_RELAY_ID = re.compile(r"[0-9a-f]{16}")

Here = Callable[[RoomName], tuple[RoomParticipant, ...]]
"""This relay's own members of a room."""


def relay_id(fingerprint: TlsFingerprint) -> str:
    """Enough of a certificate's fingerprint to tell relays apart."""
    return fingerprint.replace(":", "")[:16]


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody on another relay, by the nearest way."""

    participant: RoomParticipant
    link: ConnectionId


@dataclass(frozen=True, slots=True)
class _Told:
    """A neighbour's newest list of one room."""

    people: dict[Fingerprint, RoomParticipant] = field(default_factory=dict)
    stream_ids: frozenset[int | None] = frozenset()  # None: of a build without such ids


_NOTHING = _Told()


@dataclass(slots=True)
class _Neighbour:
    relay: str  # its id
    label: str
    is_quiet: bool = False
    told: dict[RoomName, _Told] = field(default_factory=dict)
    aside: dict[RoomName, _Told] = field(default_factory=dict)  # of rooms, by name or hash, that span no relays with us
    sent: dict[RoomName, tuple[RoomParticipant, ...]] = field(default_factory=dict)


class Federation:
    """What every neighbour has told, and what it is still to be told."""

    def __init__(
        self,
        own: TlsFingerprint,
        global_rooms: Iterable[str],
        here: Here,
        allows: Callable[[RoomName, Fingerprint], bool] = lambda _room, _who: True,
    ) -> None:
        """`allows`: whether a room is for somebody; others are not let in by way of another relay either."""
        self._id = relay_id(own)
        self._names = GlobalNames(global_rooms)
        self._former: dict[str, RoomName] = {}  # rooms that have spanned relays, by their hash
        self._here = here
        self._allows = allows
        self._own_ids: dict[RoomName, frozenset[int]] = {}  # of rooms with members of ours, their stream ids
        self._neighbours: dict[ConnectionId, _Neighbour] = {}
        self._nearest: dict[RoomName, dict[Fingerprint, Guest]] = {}
        self._twice: dict[RoomName, dict[Fingerprint, list[Guest]]] = {}
        self._routes: dict[RoomName, dict[tuple[int, ConnectionId | None], tuple[ConnectionId, ...]]] = {}
        self._tags = Tags(self._names.configured)
        self._rooms: Paced[tuple[ConnectionId, RoomName]] = Paced()
        self._lobby: Paced[tuple[ConnectionId, RoomName]] = Paced(round_s=_LOBBY_ROUND_S)

    # --- who is where ------------------------------------------------------------------------------------------

    @property
    def active_rooms(self) -> int:
        """Rooms with people behind a link, counted for each link."""
        return sum(not is_lobby(room) for neighbour in self._neighbours.values() for room in neighbour.told)

    def canonical(self, name: str) -> RoomName | None:
        return self._names.canonical(name)

    def room_tagged(self, tag: bytes) -> RoomName | None:
        return self._tags.room(tag)

    def guests(self, room: RoomName) -> dict[Fingerprint, Guest]:
        """Everybody whom others have told of, also who is here as well."""
        found = self._nearest.get(room)
        if found is None:
            found = self._find_nearest(room)
            if found:
                self._nearest[room] = found
        return found

    def participants(self, room: RoomName) -> dict[Fingerprint, RoomParticipant]:
        """The guests as our own members may know them."""
        return {who: replace(guest.participant, via=()) for who, guest in self.guests(room).items()}

    def users(self) -> Iterator[RoomParticipant]:
        """The guests of the lobby."""
        return (guest.participant for part in LOBBY_PARTS for guest in self.guests(part).values())

    def way_to(self, who: Fingerprint) -> ConnectionId | None:
        """The link towards a client of another relay."""
        guest = self.guests(lobby_part(who)).get(who)
        return guest.link if guest is not None else None

    def tells_of(self, link: ConnectionId, who: Fingerprint) -> bool:
        """Whether that neighbour says that this client is behind it."""
        return who in self._neighbours[link].told.get(lobby_part(who), _NOTHING).people

    def relay_at(self, link: ConnectionId) -> str:
        """The neighbour's id."""
        return self._neighbours[link].relay

    def first_stream_id(self, room: RoomName) -> int:
        return 1 if self.canonical(room) is None else int(self._id[:4], 16) % 255 + 1

    def yielding(self, room: RoomName) -> set[Fingerprint]:
        """Our own members whose stream id somebody else has too, and whose turn it is to take another."""
        guests = {guest.participant.stream_id for guest in self.guests(room).values()}
        if is_call(room) or is_lobby(room) or len(guests | self._own_ids.get(room, frozenset())) >= _MOST_GUESTS:
            return set()  # there is none to take
        stronger = {
            guest.participant.stream_id or 0: who
            for who, guest in self.guests(room).items()
            if guest.participant.stream_id and guest.participant.via[0] < self._id
        }
        return {
            Fingerprint(member.fingerprint)
            for member in self._here(room)
            if stronger.get(member.stream_id or 0, member.fingerprint) != member.fingerprint
        }

    def span(self, global_rooms: Iterable[str]) -> list[RoomName]:
        """These rooms span relays from now on; returns those that did not before, or do not any more."""
        before, self._names = self._names, GlobalNames(global_rooms)
        self._former |= {room_hash(room): room for room in before.configured}
        self._tags.keep(self._names.configured)
        begun = [room for room in self._names.configured if before.canonical(room) is None]
        ended = [room for room in before.configured if self.canonical(room) is None]
        for neighbour in self._neighbours.values():
            neighbour.aside |= {room: neighbour.told.pop(room) for room in ended if room in neighbour.told}
            forms = {form: room for room in begun for form in (RoomName(room_hash(room)), room)}
            neighbour.told |= {
                room: neighbour.aside.pop(form) for form, room in forms.items() if form in neighbour.aside
            }
        for room in (*begun, *ended):
            self._own_ids.pop(room, None)
            self._changed(room)
        return [*begun, *ended]

    # --- what happens ------------------------------------------------------------------------------------------

    def members_changed(self, room: RoomName, *, occupied: bool) -> None:
        """Of our own, in a room that spans relays; `occupied` while there are any."""
        self._own_ids.pop(room, None)
        if occupied:
            here = () if is_lobby(room) else self._here(room)
            self._own_ids[room] = frozenset(member.stream_id for member in here if member.stream_id)
        self._changed(room)

    def link_up(self, link: ConnectionId, peer: TlsFingerprint, label: str) -> None:
        self._neighbours[link] = _Neighbour(relay_id(peer), label)
        for room in self._known_rooms():
            self._pacer(room).mark([(link, room)])

    def link_down(self, link: ConnectionId) -> list[RoomName]:
        """The rooms that have lost somebody."""
        rooms = list(self._neighbours.pop(link).told)
        for room in rooms:
            self._changed(room)
        return rooms

    def set_quiet(self, link: ConnectionId, is_quiet: bool) -> list[RoomName]:
        """A link on which nothing comes is used only where there is no other way, and nobody is told of that one.

        Returns the rooms concerned.
        """
        neighbour = self._neighbours[link]
        if neighbour.is_quiet == is_quiet:
            return []
        neighbour.is_quiet = is_quiet
        for room in neighbour.told:
            self._changed(room)
        return list(neighbour.told)

    def hear(self, link: ConnectionId, message: GlobalRoomActive | GlobalRoomInactive) -> RoomName | None:
        """The room of which a neighbour had news. Raises RemoteViolation(LIMIT)."""
        canonical, neighbour = self.canonical(message.room), self._neighbours[link]
        name = message.room[:_LONGEST_NAME].lower()
        room = canonical or self._former.get(name, RoomName(name))
        told = neighbour.told if canonical is not None else neighbour.aside
        given = message.participants if isinstance(message, GlobalRoomActive) else ()
        learned = self._learned(neighbour, room, given)
        if learned == told.get(room, _NOTHING).people:
            return None
        if not learned:
            del told[room]
        elif room not in told and len(told) >= MOST_ROOMS:
            raise RemoteViolation(ErrorCode.LIMIT, what="rooms of one relay")
        else:
            told[room] = _Told(learned, frozenset(each.stream_id for each in learned.values()))
        if canonical is not None:
            self._changed(room)
        return canonical

    # --- what others are told ----------------------------------------------------------------------------------

    @property
    def updates_due_at(self) -> float | None:
        return min((due for due in (self._rooms.due_at, self._lobby.due_at) if due is not None), default=None)

    def updates(self, now: float) -> list[Effect]:
        """The lists whose turn it is, as far as they are news."""
        effects: list[Effect] = []
        for pacer in (self._rooms, self._lobby):
            for link, room in pacer.take(now, lambda waiting: _LIST_COSTS + len(self.guests(waiting[1]))):
                if link in self._neighbours:
                    effects += self._news(link, room)
        return effects

    def _news(self, link: ConnectionId, room: RoomName) -> list[Effect]:
        neighbour = self._neighbours[link]
        people = self._people_for(link, neighbour.relay, room) if self.canonical(room) is not None else ()
        if people == neighbour.sent.get(room, ()):
            return []
        self._routes.pop(room, None)
        if people:
            neighbour.sent[room] = people
            return [Deliver(link, GlobalRoomActive(room=room, participants=people))]
        del neighbour.sent[room]
        return [Deliver(link, GlobalRoomInactive(room=room))]

    def _people_for(self, link: ConnectionId, relay: str, room: RoomName) -> tuple[RoomParticipant, ...]:
        """Our own, and those whom that neighbour does not know better itself."""
        own = self._here(room)
        names = {member.fingerprint for member in own}
        others = (
            guest.participant
            for who, guest in self.guests(room).items()
            if who not in names
            and guest.link != link
            and relay not in guest.participant.via
            and not self._neighbours[guest.link].is_quiet
        )
        twice = (
            guest.participant
            for who, guests in self._twice_in(room).items()
            if who not in names and (guest := self._other_of(guests, link, relay)) is not None
        )
        return (*own, *others, *twice)[: _most_in(room)]

    def _twice_in(self, room: RoomName) -> dict[Fingerprint, list[Guest]]:
        """Those who are on several relays at once, as on the way from one to another; the nearest first."""
        self.guests(room)
        return self._twice.get(room, {})

    def _other_of(self, guests: list[Guest], link: ConnectionId, relay: str) -> Guest | None:
        """The same person elsewhere, for the neighbour behind which the nearest is; None where that one is told of."""
        if guests[0].link != link and relay not in guests[0].participant.via:
            return None
        return next(
            (
                guest
                for guest in guests[1:]
                if guest.link != link
                and relay not in guest.participant.via
                and not self._neighbours[guest.link].is_quiet
            ),
            None,
        )

    # --- media -------------------------------------------------------------------------------------------------

    def admits(self, link: ConnectionId, room: RoomName, stream_id: int) -> bool:
        """Whether somebody behind that link may send under this stream id; never one of our own members'."""
        told = self._neighbours[link].told.get(room)
        if told is None or stream_id in self._own_ids.get(room, ()):
            return False
        return not stream_id or stream_id in told.stream_ids or (is_call(room) and told.stream_ids == {None})

    def onward(self, room: RoomName, stream_id: int, source: ConnectionId | None) -> tuple[ConnectionId, ...]:
        """The links that a packet takes which came by `source`, or from a member of our own."""
        routes, key = self._routes.get(room, {}), (stream_id, source)
        if key in routes:
            return routes[key]
        found = tuple(
            link
            for link, neighbour in self._neighbours.items()
            if link != source and _wants(neighbour, room, stream_id, is_own=source is None)
        )
        if found:
            self._routes.setdefault(room, {})[key] = found
        return found

    # --- bookkeeping -------------------------------------------------------------------------------------------

    def _learned(
        self, neighbour: _Neighbour, room: RoomName, given: Iterable[RoomParticipant]
    ) -> dict[Fingerprint, RoomParticipant]:
        learned: dict[Fingerprint, RoomParticipant] = {}
        for each in given:
            if len(learned) >= _most_in(room):
                break
            via = (*each.via, neighbour.relay)
            fits = _FINGERPRINT.fullmatch(each.fingerprint) and (not is_lobby(room) or room[-1] == each.fingerprint[0])
            if fits and self._is_way(via) and self._allows(room, Fingerprint(each.fingerprint)):
                learned[Fingerprint(each.fingerprint)] = replace(
                    each,
                    alias=shown_alias(each.alias),
                    relay_label=shown_alias(each.relay_label) or neighbour.label,
                    stream_id=each.stream_id or None,
                    via=via,
                )
        return learned

    def _is_way(self, via: tuple[str, ...]) -> bool:
        """Not too long, not a circle, and made of what can be relays."""
        is_simple = len(via) <= MOST_HOPS and len(set(via)) == len(via) and self._id not in via
        return is_simple and all(_RELAY_ID.fullmatch(each) for each in via)

    def _find_nearest(self, room: RoomName) -> dict[Fingerprint, Guest]:
        nearest: dict[Fingerprint, tuple[tuple[bool, int], Guest]] = {}
        twice: dict[Fingerprint, list[tuple[tuple[bool, int], Guest]]] = {}
        for link, neighbour in self._neighbours.items():
            for who, participant in neighbour.told.get(room, _NOTHING).people.items():
                found = (neighbour.is_quiet, len(participant.via)), Guest(participant, link)
                known = nearest.get(who)
                if known is None or found[0] < known[0]:
                    nearest[who] = found
                if known is not None and known[1].participant.via[0] != participant.via[0]:
                    twice.setdefault(who, [known]).append(found)
        self._twice.pop(room, None)
        if twice:
            self._twice[room] = {
                who: [guest for _, guest in sorted(each, key=lambda found: found[0])] for who, each in twice.items()
            }
        return {who: guest for who, (_, guest) in nearest.items()}

    def _changed(self, room: RoomName) -> None:
        self._nearest.pop(room, None)
        self._twice.pop(room, None)
        self._routes.pop(room, None)
        is_known = room in self._own_ids or any(room in neighbour.told for neighbour in self._neighbours.values())
        (self._tags.add if is_known else self._tags.discard)(room)
        self._mark(room)

    def _mark(self, room: RoomName) -> None:
        self._pacer(room).mark((link, room) for link in self._neighbours)

    def _pacer(self, room: RoomName) -> Paced[tuple[ConnectionId, RoomName]]:
        return self._lobby if is_lobby(room) else self._rooms

    def _known_rooms(self) -> set[RoomName]:
        return set(self._own_ids).union(*(neighbour.told for neighbour in self._neighbours.values()))


def _wants(neighbour: _Neighbour, room: RoomName, stream_id: int, *, is_own: bool) -> bool:
    """Whoever has been told of the sender, unless it tells of the sender itself: then it has a way of its own."""
    told = neighbour.told.get(room)
    if told is None or not stream_id:
        return told is not None
    sent = {each.stream_id for each in neighbour.sent.get(room, ())}
    is_told = stream_id in sent or None in sent
    return is_told and (is_own or stream_id not in told.stream_ids)


def _most_in(room: RoomName) -> int:
    if is_lobby(room):
        return _MOST_IN_LOBBY_PART
    return _MOST_IN_CALL if is_call(room) else _MOST_GUESTS
