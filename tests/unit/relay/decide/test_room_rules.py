import pytest

from relay.config import RelayConfig, RoomRule, read_document
from relay.decide.effects import ConnectionId
from relay.decide.room_rules import RoomRules
from relay.decide.rooms import Rooms
from wzp_core.crypto.rooms import room_hash, server_name
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.protocol.ids import Fingerprint, RoomName

A, B, C = (Fingerprint(":".join([digit * 4] * 8)) for digit in "abc")
ROOM = RoomName("general")


def refusal(rules: RoomRules, room: str, who: Fingerprint, rooms: Rooms) -> ErrorCode | None:
    try:
        rules.admit(RoomName(room), who, rooms)
    except (RemoteViolation, Unavailable) as error:
        return error.code
    return None


@pytest.mark.parametrize("name", ["Board", "Our Room", "ping", "großer saal"])
def test_a_listed_room_lets_in_only_the_listed_under_whatever_name_it_is_asked_for(name: str) -> None:
    rules = RoomRules(RelayConfig(rooms=(RoomRule(name=name, allow=frozenset({A})),)))
    for asked in (server_name(name), room_hash(name.lower())):
        assert refusal(rules, asked, A, Rooms()) is None
        assert refusal(rules, asked, B, Rooms()) is ErrorCode.NOT_ADMITTED
    assert refusal(rules, "elsewhere", B, Rooms()) is None


def test_a_room_may_be_listed_by_its_hash_and_then_its_name_need_not_be_told() -> None:
    rules = RoomRules(RelayConfig(rooms=(RoomRule(name=room_hash("board"), allow=frozenset({A})),)))
    assert refusal(rules, room_hash("board"), B, Rooms()) is ErrorCode.NOT_ADMITTED


def test_an_empty_list_closes_a_room_and_none_leaves_it_open() -> None:
    rules = RoomRules(RelayConfig(rooms=(RoomRule(name="closed", allow=frozenset()), RoomRule(name="big", loudest=3))))
    assert refusal(rules, "closed", A, Rooms()) is ErrorCode.NOT_ADMITTED
    assert refusal(rules, "big", A, Rooms()) is None


def test_a_full_room_refuses_the_next_and_takes_back_who_is_in_it() -> None:
    rules, rooms = RoomRules(RelayConfig(max_room_members=2)), Rooms()
    rooms.join(ROOM, ConnectionId(1), A, None)
    assert refusal(rules, ROOM, B, rooms) is None
    rooms.join(ROOM, ConnectionId(2), B, None)
    assert refusal(rules, ROOM, C, rooms) is ErrorCode.LIMIT
    assert refusal(rules, ROOM, B, rooms) is None


def test_no_more_rooms_are_opened_than_allowed_but_calls_need_theirs() -> None:
    rules, rooms = RoomRules(RelayConfig(max_rooms=1)), Rooms()
    rooms.join(RoomName("call-1"), ConnectionId(1), A, None)
    rooms.join(ROOM, ConnectionId(2), A, None)
    assert refusal(rules, "another", B, rooms) is ErrorCode.LIMIT
    assert refusal(rules, ROOM, B, rooms) is None
    assert refusal(rules, "call-2", B, rooms) is None


def test_a_room_may_pass_on_more_or_fewer_speakers_than_others() -> None:
    rules = RoomRules(RelayConfig(loudest=3, rooms=(RoomRule(name="choir", loudest=0), RoomRule(name="board"))))
    assert [rules.loudest(RoomName(name)) for name in ("choir", "board", "elsewhere")] == [0, 3, 3]


def test_rules_are_read_from_tables() -> None:
    values, unknown = read_document(
        f'[[rooms]]\nname = " Board "\nallow = ["{A.upper()}", "{B.replace(":", "")}"]\nloudest = 2'
    )
    assert unknown == []
    assert values == {"rooms": (RoomRule(name="Board", allow=frozenset({A, B}), loudest=2),)}


@pytest.mark.parametrize(
    "table",
    [
        'name = ""',
        f'allow = ["{A}"]',
        'name = "x"\nallow = "everybody"',
        'name = "x"\nallow = ["Anna"]',
        f'name = "x"\nalow = ["{A}"]',
        'name = "x"\nloudest = -1',
        'name = "x"\nloudest = true',
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(table: str) -> None:
    with pytest.raises(Unavailable) as refused:
        read_document(f"[[rooms]]\n{table}")
    assert refused.value.code is ErrorCode.BAD_SETTINGS
