"""Which process a room is in: the main one or a worker (rendezvous hashing, which moves as few rooms as it can)."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar

from relay.decide.bus import Visit
from relay.decide.rooms import Rooms, call_of, is_forwarded
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.ids import Fingerprint, RoomName

K = TypeVar("K")

MAIN = 0  # the main process; workers count from 1


def preferred(room: str, workers: Iterable[int]) -> int | None:
    """The worker for a room; those of a worker that is gone spread over the others, and all others stay."""
    return max(workers, key=lambda worker: blake2b(f"{worker} {room}".encode(), digest_size=8).digest(), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Where somebody's place in a room is."""

    port: int | None = None  # to go to instead; 0 is the main one; None is here
    vacate: int | None = None  # the process that has the room until this place is taken, and then has to give it up
    stream_id: int | None = None


class Placement:
    """Rooms with members by process.

    A room stays where its first member came. It moves only for one that cannot follow a redirect, and to the main
    process where it is with other relays, whose links are there.
    """

    def __init__(self, here: Rooms, spans: Callable[[RoomName], bool] = lambda _room: False) -> None:
        """`spans`: whether a room has, or may have, members on other relays."""
        self._here = here
        self._spans = spans
        self._ports: dict[int, int] = {}  # as clients are told, of workers that live
        self._homes: dict[RoomName, int] = {}
        self._held: dict[tuple[int, int], tuple[RoomName, Visit]] = {}
        self._members: Counter[tuple[int, RoomName]] = Counter()
        self._people: Counter[tuple[RoomName, str]] = Counter()

    def __len__(self) -> int:
        """Rooms on workers."""
        return len(self._homes)

    @property
    def open_to_all(self) -> int:
        """Rooms anywhere that are not a call's."""
        return self._here.open_to_all + sum(call_of(room) is None for room in self._homes)

    def up(self, worker: int, port: int) -> None:
        self._ports[worker] = port

    def down(self, worker: int) -> list[Visit]:
        """Whose places are lost with it."""
        self._ports.pop(worker, None)
        held = [key for key in self._held if key[0] == worker]
        return [visit for key in held if (visit := self.give_back(*key)) is not None]

    def port_of(self, room: RoomName) -> int:
        """Where a room is, or would be; 0 is the main process."""
        home = self._home(room)
        return self._ports.get((preferred(room, self._ports) or MAIN) if home is None else home, 0)

    def whereabouts(self) -> dict[Fingerprint, RoomName]:
        """A room that each member is in, in any process."""
        return {Fingerprint(visit.who): room for room, visit in self._held.values()} | self._here.whereabouts()

    def room_with(self, fingerprint: Fingerprint) -> RoomName | None:
        """A room that somebody is in."""
        held = (room for room, visit in self._held.values() if visit.who == fingerprint)
        return self._here.room_with(fingerprint) or next(held, None)

    def is_in(self, room: RoomName, who: str) -> bool:
        return bool(self._people[room, who])

    def is_new(self, room: RoomName) -> bool:
        """Whether nobody is in it."""
        return self._home(room) is None

    def choose(self, room: RoomName, at: int, *, follows: bool) -> Choice:
        """Where the place of one is who asks process `at` for it.

        Raises RemoteViolation(NOT_ADMITTED) for an older client that asks a worker for a room which is not a call's
        (it has not been sent there), or which can be in the main process only.
        """
        home = self._home(room)
        if home is None and at == MAIN and follows and self._ports:
            return Choice(port=self.port_of(room))
        if home is None or home == at:
            return Choice()
        if follows:
            return Choice(port=self._ports.get(home, 0))
        if at != MAIN and (call_of(room) is None or self._is_bound(room)):
            raise RemoteViolation(ErrorCode.NOT_ADMITTED, room=room)
        return Choice(vacate=home)

    def misplaced(self, worker: int) -> list[RoomName]:
        """Rooms there that have to be in the main process, and are from now on."""
        found = [room for room, home in self._homes.items() if home == worker and self._is_bound(room)]
        for room in found:
            self.come_home(room)
        return found

    def come_home(self, room: RoomName) -> None:
        """The room is in the main process from now on."""
        self._homes.pop(room, None)

    def hold(self, worker: int, number: int, room: RoomName, visit: Visit) -> None:
        """A place on a worker is taken, which is the room's home from now on."""
        self._homes[room] = worker
        self._held[worker, number] = room, visit
        self._members[worker, room] += 1
        self._people[room, visit.who] += 1

    def give_back(self, worker: int, number: int) -> Visit | None:
        """Whose place that was; None where there is none under that number."""
        room, visit = self._held.pop((worker, number), (None, None))
        if room is None or visit is None:
            return None
        _less(self._people, (room, visit.who))
        if not _less(self._members, (worker, room)) and self._homes.get(room) == worker:
            del self._homes[room]
        return visit

    def _home(self, room: RoomName) -> int | None:
        if self._is_bound(room):
            return MAIN
        return self._homes.get(room, MAIN if self._here.members(room) else None)

    def _is_bound(self, room: RoomName) -> bool:
        """To the main process, since other relays send to it."""
        return is_forwarded(room) or self._spans(room)


def _less(counts: Counter[K], key: K) -> int:
    counts[key] -= 1
    return counts[key] or counts.pop(key)
