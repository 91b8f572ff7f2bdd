import pytest

from relay.config import RelayConfig, RoomRule
from relay.decide.admission import Admission
from relay.decide.bus import Admit, Granted, Moved, Refused, Visit
from relay.decide.calls import CallRegistry
from relay.decide.doorkeeper import Doorkeeper
from relay.decide.effects import ConnectionId
from relay.decide.placement import MAIN, Choice, Placement, preferred
from relay.decide.rooms import Rooms
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.ids import Fingerprint, RoomName

NAMES = [f"room-{number}" for number in range(400)]
ROOM, CALL = RoomName("general"), RoomName("call-18a1b2c3d4e5f607")
PORTS = {1: 5001, 2: 5002}


def fingerprint(number: int) -> Fingerprint:
    return Fingerprint(":".join([f"{number:04x}"] * 8))


def visit(number: int, room: RoomName = ROOM, *, follows: bool = True) -> Visit:
    return Visit(room=room, who=fingerprint(number), host="203.0.113.1", stream_id=None, follows=follows)


class Stage:
    def __init__(self, **options: object) -> None:
        self.here, self.admission = Rooms(), Admission()
        self.placement = Placement(self.here)
        config = RelayConfig(workers=2, **options)  # type: ignore[arg-type]
        self.keeper = Doorkeeper(config, self.admission, CallRegistry(started_at=0.0), self.placement)
        for worker, port in PORTS.items():
            self.placement.up(worker, port)
        self._numbers = 0

    def ask(self, worker: int, who: Visit) -> tuple[int, Granted | Moved | Refused, Choice]:
        self._numbers += 1
        return self._numbers, *self.keeper.admit(worker, Admit(number=self._numbers, visit=who), 1.0)

    def granted(self, worker: int, who: Visit) -> int:
        number, answer, _ = self.ask(worker, who)
        assert isinstance(answer, Granted), answer
        return number

    def sits_here(self, number: int, room: RoomName = ROOM) -> ConnectionId:
        connection = ConnectionId(number)
        self.here.join(room, connection, fingerprint(number), None)
        return connection


def test_rooms_spread_evenly_and_only_those_of_a_worker_that_is_gone_move() -> None:
    before = {name: preferred(name, [1, 2, 3, 4]) for name in NAMES}
    after = {name: preferred(name, [1, 2, 4]) for name in NAMES}
    assert all(60 < list(before.values()).count(worker) < 140 for worker in (1, 2, 3, 4))
    assert {name for name in NAMES if before[name] != after[name]} == {n for n in NAMES if before[n] == 3}
    assert {after[name] for name in NAMES if before[name] == 3} == {1, 2, 4}
    assert preferred("general", []) is None


def test_one_who_follows_is_sent_to_the_worker_and_has_a_place_there() -> None:
    stage = Stage()
    port = stage.keeper.arrived(visit(1), 1.0).port
    assert port == stage.placement.port_of(ROOM) != 0
    (worker,) = (worker for worker in PORTS if PORTS[worker] == port)
    number = stage.granted(worker, visit(1))
    assert (len(stage.placement), stage.admission.participants) == (1, 1)
    stage.keeper.left(worker, number)
    stage.keeper.left(worker, number)
    assert (len(stage.placement), stage.admission.participants, stage.placement.is_new(ROOM)) == (0, 0, True)


def test_without_a_worker_that_lives_rooms_are_in_the_main_process() -> None:
    stage = Stage()
    for worker in PORTS:
        stage.keeper.down(worker)
    assert stage.keeper.arrived(visit(1), 1.0).port is None


def test_the_same_room_is_never_in_two_processes() -> None:
    stage = Stage()
    stage.granted(1, visit(1))
    _, answer, _ = stage.ask(2, visit(2))
    assert isinstance(answer, Moved)
    assert answer.port == PORTS[1]
    assert stage.keeper.arrived(visit(3), 1.0).port == PORTS[1]


def test_a_room_comes_to_the_main_process_for_one_who_cannot_follow_and_stays() -> None:
    stage = Stage()
    number = stage.granted(1, visit(1))
    chosen = stage.keeper.arrived(visit(2, follows=False), 1.0)
    assert (chosen.port, chosen.vacate) == (None, 1)
    assert stage.placement.port_of(ROOM) == PORTS[1]  # until that one is in
    stage.sits_here(2)
    stage.keeper.seated(ROOM, chosen)
    assert stage.keeper.arrived(visit(1), 1.0) == Choice()
    _, answer, _ = stage.ask(1, visit(1))
    assert isinstance(answer, Moved)
    assert answer.port == 0
    stage.keeper.left(1, number)
    assert stage.keeper.arrived(visit(1), 1.0) == Choice()


def test_nobody_moves_a_room_to_a_worker_but_a_party_its_call() -> None:
    stage = Stage()
    stage.sits_here(1)
    _, answer, choice = stage.ask(1, visit(2, follows=False))
    assert isinstance(answer, Refused)
    assert (answer.code, choice.vacate) == (ErrorCode.NOT_ADMITTED, None)
    stage.granted(1, visit(1, CALL))
    _, answer, choice = stage.ask(2, visit(2, CALL, follows=False))
    assert isinstance(answer, Granted)
    assert choice.vacate == 1
    _, answer, choice = stage.ask(1, visit(3, CALL, follows=False))
    assert isinstance(answer, Refused)
    assert choice.vacate is None


def test_one_who_is_not_let_in_moves_no_room() -> None:
    stage = Stage(rooms=(RoomRule(name=ROOM, allow=frozenset({fingerprint(1)})),))
    stage.granted(1, visit(1))
    with pytest.raises(RemoteViolation) as raised:
        stage.keeper.arrived(visit(2, follows=False), 1.0)
    assert raised.value.code is ErrorCode.NOT_ADMITTED
    assert stage.placement.port_of(ROOM) == PORTS[1]


def test_a_workers_end_gives_all_its_places_back_and_its_rooms_to_the_others() -> None:
    stage = Stage()
    for number in range(5):
        stage.granted(1, visit(number))
    assert stage.admission.undecided == 0  # their links are not here
    stage.granted(2, visit(9, RoomName("other")))
    stage.keeper.down(1)
    assert (stage.admission.participants, len(stage.placement)) == (1, 1)
    assert stage.keeper.arrived(visit(1), 1.0).port == PORTS[2]
    stage.granted(2, visit(1))
    assert stage.admission.undecided == 0


def test_limits_hold_for_all_processes_together() -> None:
    stage = Stage(max_sessions=3, max_rooms=2, max_share_per_address=1.0)
    stage.granted(1, visit(1))
    stage.sits_here(2, RoomName("here"))
    _, answer, _ = stage.ask(2, visit(3, RoomName("third")))
    assert isinstance(answer, Refused)
    assert answer.code is ErrorCode.LIMIT
    stage.granted(1, visit(3))
    stage.granted(1, visit(4))
    _, answer, _ = stage.ask(1, visit(5))
    assert isinstance(answer, Refused)
    stage.granted(1, visit(4))  # again, which replaces


def test_one_for_whom_there_is_no_place_moves_no_room() -> None:
    stage = Stage(max_sessions=2, max_share_per_address=1.0)
    stage.granted(1, visit(1, CALL))
    stage.granted(1, visit(9))
    _, answer, choice = stage.ask(2, visit(2, CALL, follows=False))
    assert isinstance(answer, Refused)
    assert (answer.code, choice) == (ErrorCode.LIMIT, Choice())
    assert stage.placement.port_of(CALL) == PORTS[1]


def test_everybody_is_found_in_whatever_process_the_room_is() -> None:
    stage = Stage()
    number = stage.granted(1, visit(1))
    stage.sits_here(2, RoomName("here"))
    assert stage.placement.whereabouts() == {fingerprint(1): ROOM, fingerprint(2): "here"}
    assert (stage.placement.room_with(fingerprint(1)), stage.placement.room_with(fingerprint(2))) == (ROOM, "here")
    stage.keeper.left(1, number)
    assert stage.placement.room_with(fingerprint(1)) is None


def test_the_main_process_is_the_home_of_rooms_that_it_has() -> None:
    stage = Stage()
    connection = stage.sits_here(1)
    assert stage.placement.choose(ROOM, MAIN, follows=True) == Choice()
    stage.here.leave(connection)
    assert stage.placement.choose(ROOM, MAIN, follows=True).port in PORTS.values()
