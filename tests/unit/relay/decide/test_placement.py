import pytest

from relay.config import RelayConfig, RoomRule
from relay.decide.admission import Admission
from relay.decide.bus import Admit, Answer, Visit
from relay.decide.calls import CallRegistry
from relay.decide.doorkeeper import Doorkeeper
from relay.decide.effects import ConnectionId
from relay.decide.placement import MAIN, Choice, Placement, preferred
from relay.decide.rooms import Rooms
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.protocol.ids import Fingerprint, RoomName

NAMES = [f"room-{number}" for number in range(400)]
ROOM, CALL = RoomName("general"), RoomName("call-18a1b2c3d4e5f607")
PORTS = {1: 5001, 2: 5002}


def fingerprint(number: int) -> Fingerprint:
    return Fingerprint(":".join([f"{number:04x}"] * 8))


def visit(number: int, room: RoomName = ROOM, *, follows: bool = True, host: str = "203.0.113.1") -> Visit:
    stream_id = number if room == CALL else None
    return Visit(room=room, who=fingerprint(number), host=host, stream_id=stream_id, follows=follows)


class Stage:
    def __init__(self, **options: object) -> None:
        self.here, self.admission = Rooms(), Admission()
        self.spanning: set[RoomName] = set()
        self.placement = Placement(self.here, self.spanning.__contains__)
        self.config = RelayConfig(workers=2, **options)  # type: ignore[arg-type]
        self.keeper = Doorkeeper(self.config, self.admission, CallRegistry(started_at=0.0), self.placement)
        for worker, port in PORTS.items():
            self.placement.up(worker, port)
        self._numbers = 0

    def ask(self, worker: int, who: Visit) -> tuple[int, Answer, Choice]:
        self._numbers += 1
        return self._numbers, *self.keeper.admit(worker, Admit(number=self._numbers, visit=who), 1.0)

    def granted(self, worker: int, who: Visit) -> int:
        number, answer, _ = self.ask(worker, who)
        assert (answer.port, answer.refusal) == (None, None)
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
    assert answer.port == 0
    stage.keeper.left(1, number)
    assert stage.keeper.arrived(visit(1), 1.0) == Choice()


def test_nobody_moves_a_room_to_a_worker_but_a_party_its_call() -> None:
    stage = Stage()
    stage.sits_here(1)
    _, answer, choice = stage.ask(1, visit(2, follows=False))
    assert (answer.refusal, choice.vacate) == (ErrorCode.NOT_ADMITTED, None)
    stage.granted(1, visit(1, CALL))
    _, answer, choice = stage.ask(2, visit(2, CALL, follows=False))
    assert answer == Answer(number=answer.number, stream_id=2)
    assert choice.vacate == 1
    _, answer, choice = stage.ask(1, visit(3, CALL, follows=False))
    assert answer.refusal is ErrorCode.UNEXPECTED_INPUT
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
    assert answer.refusal is ErrorCode.LIMIT
    stage.granted(1, visit(3))
    stage.granted(1, visit(4))
    _, answer, _ = stage.ask(1, visit(5))
    assert answer.refusal is ErrorCode.LIMIT
    stage.granted(1, visit(4))  # again, which replaces


def test_one_for_whom_there_is_no_place_moves_no_room() -> None:
    stage = Stage(max_sessions=2, max_share_per_address=1.0)
    stage.granted(1, visit(1, CALL))
    stage.granted(1, visit(9))
    _, answer, choice = stage.ask(2, visit(2, CALL, follows=False))
    assert (answer.refusal, choice) == (ErrorCode.LIMIT, Choice())
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


def test_nothing_is_sent_to_the_port_of_a_worker_that_is_gone() -> None:
    stage = Stage()
    rooms = [RoomName(name) for name in NAMES]
    there = [room for room in rooms if stage.placement.port_of(room) == PORTS[1]]
    held = stage.granted(1, visit(1, there[0]))
    stage.keeper.down(1)
    assert {stage.placement.port_of(room) for room in rooms} == {PORTS[2]}
    assert {stage.keeper.arrived(visit(2, room), 1.0).port for room in there} == {PORTS[2]}
    stage.keeper.left(1, held)  # as if it were late
    assert stage.keeper.arrived(visit(1, there[0]), 1.0).port == PORTS[2]
    stage.placement.up(1, 5009)
    assert [room for room in rooms if stage.placement.port_of(room) == 5009] == there


def test_a_room_that_other_relays_send_to_is_in_the_main_process_only() -> None:
    stage = Stage()
    stage.spanning |= {ROOM, CALL}
    for room in (ROOM, CALL, RoomName("relay-0011")):
        assert stage.placement.port_of(room) == 0
        assert stage.keeper.placement.choose(room, MAIN, follows=True) == Choice()
    _, answer, _ = stage.ask(1, visit(1))
    assert answer == Answer(number=1, port=0)
    stage.keeper.arrived(visit(1, CALL), 1.0)
    _, answer, choice = stage.ask(1, visit(1, CALL, follows=False))  # nothing makes it move
    assert (answer.refusal, choice) == (ErrorCode.NOT_ADMITTED, Choice())
    assert stage.placement.port_of(RoomName("other")) in PORTS.values()


def test_a_room_comes_to_the_main_process_when_somebody_on_another_relay_comes_in() -> None:
    stage = Stage()
    number = stage.granted(1, visit(1))
    stage.granted(1, visit(1, RoomName("other")))
    assert stage.placement.misplaced(1) == []
    stage.spanning.add(ROOM)
    assert (stage.placement.misplaced(2), stage.placement.misplaced(1)) == ([], [ROOM])
    assert stage.placement.misplaced(1) == []
    assert stage.keeper.arrived(visit(1), 1.0) == Choice()
    stage.keeper.left(1, number)
    assert stage.admission.participants == 1


def test_one_address_has_no_more_places_on_all_processes_than_on_one() -> None:
    stage = Stage(max_sessions=4, max_share_per_address=0.5)
    first = stage.granted(1, visit(1))
    stage.granted(2, visit(2, RoomName("other")))
    for worker in PORTS:
        _, answer, _ = stage.ask(worker, visit(3, RoomName(f"third{worker}")))
        assert answer.refusal is ErrorCode.LIMIT
    with pytest.raises(Unavailable):  # the main process asks the same table for those that it has itself
        stage.admission.join("203.0.113.1", fingerprint(3), stage.config, replaces=False)
    stage.granted(1, visit(3, RoomName("third"), host="203.0.113.2"))
    stage.keeper.left(1, first)
    stage.granted(2, visit(4, RoomName("other")))


def test_one_identity_has_no_more_rooms_on_all_processes_than_on_one() -> None:
    stage = Stage(max_rooms_per_client=2, max_share_per_address=1.0)
    first = stage.granted(1, visit(1, RoomName("one")))
    stage.granted(2, visit(1, RoomName("two"), host="2001:db8::1"))
    for worker, host in ((1, "2001:db8::1"), (2, "198.51.100.1")):
        _, answer, _ = stage.ask(worker, visit(1, RoomName("three"), host=host))
        assert answer.refusal is ErrorCode.LIMIT
    stage.keeper.left(1, first)
    stage.granted(2, visit(1, RoomName("three")))


def test_the_main_process_opens_no_room_more_than_there_may_be_on_all() -> None:
    stage = Stage(max_rooms=1)
    stage.granted(1, visit(1))
    with pytest.raises(Unavailable) as raised:
        stage.keeper.arrived(visit(2, RoomName("second"), follows=False), 1.0)
    assert raised.value.code is ErrorCode.LIMIT
    assert stage.keeper.arrived(visit(2, follows=False), 1.0).vacate == 1
    stage.keeper.arrived(visit(2, CALL, follows=False), 1.0)
