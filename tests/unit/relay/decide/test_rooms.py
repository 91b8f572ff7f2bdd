import pytest

from relay.config import MOST_MEMBERS
from relay.decide.effects import ConnectionId, Cut, Deliver
from relay.decide.rooms import Rooms, call_of, is_forwarded, room_of
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.protocol.ids import Fingerprint, RoomName
from wzp_core.protocol.signal.room import RoomParticipant, RoomUpdate

ROOM = RoomName("general")
A, B, C = Fingerprint("aaaa"), Fingerprint("bbbb"), Fingerprint("cccc")
FIRST, SECOND, THIRD = ConnectionId(1), ConnectionId(2), ConnectionId(3)


def roster(*entries: tuple[Fingerprint, int]) -> RoomUpdate:
    participants = tuple(RoomParticipant(fingerprint=who, alias=None, stream_id=stream) for who, stream in entries)
    return RoomUpdate(count=len(participants), participants=participants)


def test_members_get_the_lowest_free_stream_ids_and_the_roster() -> None:
    rooms = Rooms()
    members = [rooms.join(ROOM, at, who, None)[0] for at, who in ((FIRST, A), (SECOND, B), (THIRD, C))]
    assert [member.stream_id for member in members] == [1, 2, 3]
    all_three = roster((A, 1), (B, 2), (C, 3))
    assert rooms.updates(0.0) == [Deliver(at, all_three) for at in (FIRST, SECOND, THIRD)]
    assert rooms.leave(FIRST) == ROOM
    assert rooms.updates(1.0) == [Deliver(at, roster((B, 2), (C, 3))) for at in (SECOND, THIRD)]
    assert rooms.join(ROOM, FIRST, A, None)[0].stream_id == 1


def test_a_member_that_joins_again_replaces_itself_and_keeps_its_stream_id() -> None:
    rooms = Rooms()
    rooms.join(ROOM, FIRST, A, None)
    rooms.join(ROOM, SECOND, B, None)
    member, effects = rooms.join(ROOM, THIRD, B, None)
    assert (member.stream_id, effects) == (2, [Cut(SECOND, "replaced")])
    assert rooms.leave(SECOND) is None
    assert set(rooms.members(ROOM)) == {FIRST, THIRD}


def test_a_lone_member_that_joins_again_still_has_a_room() -> None:
    rooms = Rooms()
    rooms.join(ROOM, FIRST, A, None)
    rooms.join(ROOM, SECOND, A, None)
    assert rooms.updates(1.0) == [Deliver(SECOND, roster((A, 1)))]


def test_a_room_is_gone_with_its_last_member() -> None:
    rooms = Rooms()
    rooms.join(ROOM, FIRST, A, None)
    rooms.leave(FIRST)
    assert len(rooms) == 0
    assert rooms.updates(1.0) == []


def test_rooms_do_not_hear_of_each_other() -> None:
    rooms = Rooms()
    rooms.join(ROOM, FIRST, A, None)
    rooms.updates(0.0)
    rooms.join(RoomName("other"), SECOND, B, None)
    assert rooms.updates(1.0) == [Deliver(SECOND, roster((B, 1)))]


def test_who_hides_the_name_of_a_room_comes_into_the_same_room() -> None:
    assert room_of(room_of("kitchen")) == room_of("kitchen")


def test_a_call_room_gives_the_stream_id_that_the_call_assigned() -> None:
    assert Rooms().join(RoomName("call-1"), FIRST, B, None, 2)[0].stream_id == 2


def test_a_room_has_no_more_members_than_stream_ids() -> None:
    rooms = Rooms()
    for number in range(MOST_MEMBERS):
        rooms.join(ROOM, ConnectionId(number), Fingerprint(str(number)), None)
    with pytest.raises(Unavailable) as refused:
        rooms.join(ROOM, ConnectionId(1000), A, None)
    assert refused.value.code is ErrorCode.LIMIT


def test_server_names_become_rooms() -> None:
    assert room_of("") == room_of("default")
    assert room_of("General") == room_of("general") == "a47b63f7d5b511ba5bc4089a74446906"
    assert call_of(room_of("call-ABC")) == "abc"
    assert is_forwarded(room_of("relay-1"))
    assert call_of(ROOM) is None
    for reserved in ("_federation", "_probe", "a b", "ä", "x" * 300):
        with pytest.raises(RemoteViolation):
            room_of(reserved)


class OtherRelay:
    """Counts from 9; who is there may be changed."""

    def __init__(self, *people: RoomParticipant) -> None:
        self.people = {Fingerprint(each.fingerprint): each for each in people}

    def participants(self, room: RoomName) -> dict[Fingerprint, RoomParticipant]:
        return self.people

    def first_stream_id(self, room: RoomName) -> int:
        return 9


def test_members_elsewhere_are_on_the_roster_once_and_keep_their_stream_ids() -> None:
    rooms, ben = Rooms(), RoomParticipant(fingerprint=B, alias="Ben", relay_label="Bee", stream_id=9)
    rooms.elsewhere = other = OtherRelay(ben, RoomParticipant(fingerprint=A, stream_id=77))
    member, _ = rooms.join(ROOM, FIRST, A, None)
    assert member.stream_id == 10
    (update,) = rooms.updates(0.0)
    own = RoomParticipant(fingerprint=A, stream_id=10)
    assert update == Deliver(FIRST, RoomUpdate(count=2, participants=(own, ben)))
    other.people.clear()
    rooms.refresh(ROOM)
    rooms.refresh(RoomName("nobody here"))
    assert rooms.updates(1.0) == [Deliver(FIRST, RoomUpdate(count=1, participants=(own,)))]


def test_where_others_have_taken_every_stream_id_our_own_members_still_get_one() -> None:
    rooms = Rooms()
    rooms.elsewhere = OtherRelay(
        *(RoomParticipant(fingerprint=f"{number}", stream_id=number) for number in range(1, MOST_MEMBERS + 1))
    )
    streams = [rooms.join(ROOM, at, who, None)[0].stream_id for at, who in ((FIRST, A), (SECOND, B))]
    assert streams == [9, 10]


def test_in_a_call_the_role_gives_the_stream_id_whoever_claims_it_elsewhere() -> None:
    rooms, call = Rooms(), RoomName("call-1")
    rooms.elsewhere = OtherRelay(RoomParticipant(fingerprint=B, stream_id=1))
    assert rooms.join(call, FIRST, A, None, 1)[0].stream_id == 1
