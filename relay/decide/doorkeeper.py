"""Who gets a place in which process: the limits hold for the main process and its workers together."""

from relay.config import RelayConfig
from relay.decide.admission import Admission
from relay.decide.bus import Admit, Answer, Visit
from relay.decide.calls import CallRegistry
from relay.decide.placement import MAIN, Choice, Placement
from relay.decide.room_rules import RoomRules
from relay.decide.rooms import call_of
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable, WzpError
from wzp_core.protocol.ids import Fingerprint, RoomName


class Doorkeeper:
    """Answers for all processes of one relay."""

    def __init__(self, config: RelayConfig, admission: Admission, calls: CallRegistry, placement: Placement) -> None:
        self._config, self._rules = config, RoomRules(config)
        self._admission = admission
        self._calls = calls
        self.placement = placement
        calls.placed = placement.port_of

    def reconfigure(self, config: RelayConfig) -> None:
        self._config, self._rules = config, RoomRules(config)

    def arrived(self, visit: Visit, now: float) -> Choice:
        """Somebody at the main port, whom `RoomPlane.join` has still to let in if it is here."""
        return self._choose(visit, MAIN, now)

    def seated(self, room: RoomName, choice: Choice) -> None:
        """That one is in."""
        if choice.vacate is not None:
            self.placement.come_home(room)

    def admit(self, worker: int, asked: Admit, now: float) -> tuple[Answer, Choice]:
        """Somebody at a worker's port, who has the place then, where that is granted.

        Nobody who is refused moves a room.
        """
        number, visit = asked.number, asked.visit
        room, who = RoomName(visit.room), Fingerprint(visit.who)
        try:
            choice = self._choose(visit, worker, now)
            if choice.port is None:
                replaces = self.placement.is_in(room, who)
                self._admission.join_elsewhere(visit.host, who, self._config, replaces=replaces)
                self.placement.hold(worker, number, room, visit)
        except WzpError as error:
            return Answer(number=number, refusal=error.code), Choice()
        return Answer(number=number, stream_id=choice.stream_id, port=choice.port), choice

    def left(self, worker: int, number: int) -> None:
        self._give_back(self.placement.give_back(worker, number))

    def down(self, worker: int) -> None:
        """All places there are lost; its rooms begin anew elsewhere."""
        for visit in self.placement.down(worker):
            self._give_back(visit)

    def _give_back(self, visit: Visit | None) -> None:
        if visit is not None:
            self._admission.leave_elsewhere(visit.host, Fingerprint(visit.who))

    def _choose(self, visit: Visit, at: int, now: float) -> Choice:
        """Raises RemoteViolation for a room or call that is not theirs, and Unavailable(LIMIT)."""
        room, who = RoomName(visit.room), Fingerprint(visit.who)
        if not self._rules.allows(room, who):
            raise RemoteViolation(ErrorCode.NOT_ADMITTED, room=room, fingerprint=who)
        call_id = call_of(room)
        stream_id = self._calls.admit(call_id, who, visit.stream_id, now) if call_id is not None else None
        is_new = call_id is None and self.placement.is_new(room)
        chosen = self.placement.choose(room, at, follows=visit.follows)
        if is_new and chosen.port is None and self.placement.open_to_all >= self._config.max_rooms:
            raise Unavailable(ErrorCode.LIMIT, what="rooms", most=self._config.max_rooms)
        return Choice(port=chosen.port, vacate=chosen.vacate, stream_id=stream_id)
