from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relay.decide.effects import ConnectionId, Deliver
from relay.decide.federation import MOST_HOPS, MOST_ROOMS, Federation, relay_id
from relay.decide.global_names import LOBBY_PARTS, lobby_part
from relay.decide.rooms import RoomName
from tests.unit.relay.decide.federated_relays import ROOM, World, key, person
from wzp_core.crypto.rooms import federation_tag, room_hash
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.signal.federation import GlobalRoomActive, GlobalRoomInactive
from wzp_core.protocol.signal.room import RoomParticipant

HERE, THERE = 0, ConnectionId(1)


def packet(stream_id: int, sequence: int = 1) -> bytes:
    return bytes([0, 0]) + sequence.to_bytes(2, "big") + bytes(7) + bytes([stream_id]) + b"voice"


def chain(size: int) -> World:
    world = World(size)
    for number in range(size - 1):
        world.link(number, number + 1)
    return world


def ring(size: int) -> World:
    world = chain(size)
    world.link(size - 1, 0)
    return world


def mesh(size: int) -> World:
    world = World(size)
    for a in range(size):
        for b in range(a):
            world.link(a, b)
    return world


def told(*people: RoomParticipant, room: str = ROOM) -> GlobalRoomActive:
    return GlobalRoomActive(room=room, participants=people)


def guest(number: int, **more: Any) -> RoomParticipant:
    return RoomParticipant(fingerprint=person(number), **more)


# --- names -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("general", "general"),
        ("General", "general"),
        (room_hash("general"), "general"),
        ("call-18A1b2", "call-18a1b2"),
        ("call-", None),
        ("call-" + "a" * 60, None),
        ("call-../x", None),
        ("other", None),
        ("", None),
        (LOBBY_PARTS[3], LOBBY_PARTS[3]),
    ],
)
def test_rooms_of_calls_and_configured_rooms_under_name_or_hash_span_relays(name: str, canonical: str | None) -> None:
    assert World(1).nodes[HERE].federation.canonical(name) == canonical


# --- rosters ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [chain, ring, mesh])
def test_everybody_sees_everybody_and_whoever_leaves_is_seen_no_more(make: Callable[[int], World]) -> None:
    world = make(5)
    for number in range(5):
        world.join(number, number)
    world.settle()
    for number in range(5):
        assert world.known(number) == {person(each) for each in range(5)}
    world.leave(0, 0)
    world.settle()
    for number in range(1, 5):
        assert world.known(number) == {person(each) for each in range(1, 5)}


def test_a_change_is_told_once_and_no_change_is_told_to_nobody() -> None:
    world = chain(2)
    world.join(0, 7)
    assert world.settle() == 1
    world.changed(0)
    assert world.settle() == 0
    world.leave(0, 7)
    assert world.settle() == 1
    assert world.nodes[1].federation.guests(ROOM) == {}


def test_nobody_is_told_what_it_has_told_itself() -> None:
    world = chain(3)
    world.join(0, 7)
    world.speak(0)
    world.deliver(0, 1)
    world.speak(1)
    assert not world.on_the_way[1, 0]
    (onward,) = world.on_the_way[1, 2]
    assert onward == told(
        replace(world.nodes[0].members[person(7)], relay_label="relay 0", via=(relay_id(key(0)),)),
    )


def test_the_nearest_way_counts_and_a_quiet_link_only_where_there_is_no_other() -> None:
    world = ring(4)
    world.join(0, 7)
    world.settle()
    federation = world.nodes[1].federation
    assert federation.guests(ROOM)[person(7)].link == ConnectionId(0)
    assert federation.set_quiet(ConnectionId(0), True) == [ROOM]
    assert federation.set_quiet(ConnectionId(0), True) == []
    world.settle()
    assert federation.guests(ROOM)[person(7)].link == ConnectionId(2)
    world.cut(1, 2)
    assert federation.guests(ROOM)[person(7)].link == ConnectionId(0)


def test_the_people_of_a_relay_that_dies_in_a_ring_die_out_everywhere() -> None:
    world = mesh(6)
    world.join(0, 7)
    world.join(3, 8)
    world.settle()
    for other in range(1, 6):
        world.cut(0, other)
    assert world.settle() < 300
    for number in range(1, 6):
        assert world.known(number) == {person(8)}


def test_a_way_is_no_longer_than_it_may_be() -> None:
    world = chain(MOST_HOPS + 2)
    world.join(0, 7)
    world.settle()
    assert [bool(world.known(number)) for number in range(MOST_HOPS + 2)] == [True] * (MOST_HOPS + 1) + [False]


def test_of_two_members_with_one_stream_id_those_of_one_relay_take_another() -> None:
    world = chain(2)
    world.join(0, 1)
    world.join(1, 256)
    world.settle()
    assert [node.federation.yielding(ROOM) for node in world.nodes] == [set(), {person(256)}]


def test_where_a_neighbour_has_taken_every_stream_id_nobody_of_ours_gives_way() -> None:
    world = chain(2)
    world.join(1, 1)
    greedy = (guest(1000 + number, stream_id=number, via=("0" * 16,)) for number in range(1, 256))
    federation = world.nodes[1].federation
    federation.hear(ConnectionId(0), told(*greedy))
    assert federation.yielding(ROOM) == set()
    assert not federation.admits(ConnectionId(0), ROOM, 2)
    assert federation.admits(ConnectionId(0), ROOM, 3)


def test_the_lobby_is_told_in_parts_and_each_part_takes_only_its_own() -> None:
    world = chain(2)
    federation = world.nodes[1].federation
    part = lobby_part(person(0xA000))
    assert part == "_lobby-a"
    assert federation.hear(ConnectionId(0), told(guest(0xA000, alias="Ann"), guest(0xB000), room=part)) == part
    assert list(federation.guests(part)) == [person(0xA000)]


# --- a neighbour that lies -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lie",
    [
        guest(7, via=(relay_id(key(HERE)),)),
        guest(7, via=(relay_id(key(1)),)),
        guest(7, via=("a" * 16, "a" * 16)),
        guest(7, via=("nonsense",)),
        guest(7, via=tuple(f"{number:016x}" for number in range(MOST_HOPS))),
        RoomParticipant(fingerprint="not a fingerprint"),
        RoomParticipant(fingerprint=""),
    ],
)
def test_a_circle_a_way_too_long_and_nonsense_are_left_out(lie: RoomParticipant) -> None:
    federation = chain(2).nodes[HERE].federation
    federation.hear(THERE, told(lie, guest(8)))
    assert list(federation.guests(ROOM)) == [person(8)]


def test_a_room_for_some_is_for_nobody_else_on_another_relay_either() -> None:
    federation = Federation(key(HERE), [ROOM], lambda room: (), lambda room, who: who != person(7))
    federation.link_up(THERE, key(1), "other")
    federation.hear(THERE, told(guest(7, stream_id=3), guest(8, stream_id=4)))
    assert list(federation.guests(ROOM)) == [person(8)]
    assert not federation.admits(THERE, ROOM, 3)
    federation.hear(THERE, told(guest(7, stream_id=3)))
    assert federation.onward(ROOM, 0, None) == ()


def test_names_labels_people_and_rooms_of_one_neighbour_are_bounded() -> None:
    world = chain(3)
    federation = world.nodes[1].federation
    federation.hear(ConnectionId(0), told(*(guest(n, alias="x" * 999, relay_label="\n" * 9) for n in range(999))))
    found = [each.participant for each in federation.guests(ROOM).values()]
    assert len(found) == 255
    assert {(each.alias, each.relay_label) for each in found} == {("x" * 64, "relay 0")}
    assert federation.hear(ConnectionId(0), told(guest(1), room="somewhere")) is None
    for number in range(MOST_ROOMS - 1):
        federation.hear(ConnectionId(0), told(guest(1), guest(2), guest(3), room=f"call-{number}"))
    assert len(federation.guests(RoomName("call-5"))) == 2
    with pytest.raises(RemoteViolation) as refused:
        federation.hear(ConnectionId(0), told(guest(1), room="call-one-more"))
    assert refused.value.code is ErrorCode.LIMIT
    assert federation.hear(ConnectionId(2), told(guest(1), room="call-one-more")) == "call-one-more"
    federation.link_down(ConnectionId(0))
    federation.link_down(ConnectionId(2))
    assert not federation._nearest
    assert not federation._routes
    assert not federation._tags._passing


def test_many_rooms_at_once_are_told_little_by_little() -> None:
    federation = chain(2).nodes[HERE].federation
    for number in range(500):
        federation.hear(THERE, told(guest(1), room=f"call-{number}"))
    federation.link_up(ConnectionId(9), key(9), "new")
    now, sent = 1.0, 0
    while (due := federation.updates_due_at) is not None:
        now = max(now, due)
        turn = [effect for effect in federation.updates(now) if isinstance(effect, Deliver)]
        assert len(turn) <= 25
        sent += len(turn)
    assert sent == 500
    assert now < 2.0


# --- media -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [chain, ring, mesh])
def test_a_packet_reaches_every_relay_with_members_once_and_takes_no_link_in_vain(make: Callable[[int], World]) -> None:
    world = make(5)
    for number in range(5):
        world.join(number, number)
    world.settle()
    for number in range(5):
        heard = world.hearers(number, packet(number + 1, sequence=number))
        assert sorted(heard) == [other for other in range(5) if other != number]
    assert world.in_vain == 0


def test_media_goes_to_no_relay_without_members() -> None:
    world = World(4)
    for other in (1, 2, 3):
        world.link(0, other)
    world.join(0, 0)
    world.join(1, 1)
    world.settle()
    assert world.hearers(0, packet(1)) == [1]
    assert world.hearers(1, packet(2)) == [0]


def test_nobody_behind_a_link_speaks_as_somebody_else() -> None:
    world = chain(3)
    world.join(0, 4)
    world.join(2, 6)
    world.settle()
    federation = world.nodes[1].federation
    assert [stream for stream in range(256) if federation.admits(ConnectionId(0), ROOM, stream)] == [0, 5]
    assert not federation.admits(ConnectionId(0), RoomName("call-x"), 0)


def test_in_a_call_with_an_older_relay_both_roles_may_speak() -> None:
    federation = chain(2).nodes[HERE].federation
    federation.hear(THERE, told(guest(1), room="call-x"))
    assert federation.admits(THERE, RoomName("call-x"), 2)
    federation.hear(THERE, told(guest(1, stream_id=1), room="call-x"))
    assert not federation.admits(THERE, RoomName("call-x"), 2)


# --- any topology ----------------------------------------------------------------------------------------------

SIZE = 6
numbers = st.integers(0, SIZE - 1)
steps = st.one_of(
    st.tuples(st.sampled_from(["link", "link", "cut", "deliver", "deliver"]), numbers, numbers),
    st.tuples(st.just("speak"), numbers),
    st.tuples(st.sampled_from(["join", "join", "leave"]), numbers, st.integers(0, 11)),
)


@settings(max_examples=300, deadline=None)
@example([("link", 0, 2), ("link", 1, 2), ("join", 0, 0), ("join", 0, 1), ("join", 1, 0)])
@given(st.lists(steps, max_size=80))
def test_in_any_topology_after_any_history_all_is_known_and_heard_once(script: list[tuple[Any, ...]]) -> None:
    world = World(SIZE)
    for name, *arguments in script:
        getattr(world, name)(*arguments)
    world.settle()
    everybody = [set(node.members) for node in world.nodes]
    for number in range(SIZE):
        linked = world.reachable(number)
        assert world.known(number) == set().union(*(everybody[other] for other in linked))
    homes: dict[Any, int] = {}
    for number, node in enumerate(world.nodes):
        for who in node.members:
            homes[who] = -1 if who in homes else number
    for sequence, (who, home) in enumerate(homes.items()):
        if home < 0:
            continue  # in the room on two relays at once
        stream_id = world.nodes[home].members[who].stream_id or 0
        wanted = {other for other in world.reachable(home) if everybody[other]} - {home}
        heard = world.hearers(home, packet(stream_id, sequence))
        assert len(heard) == len(set(heard))
        assert not world.in_vain
        assert wanted <= set(heard)
    for a, b in list(world.on_the_way):
        world.cut(a, b)
    for node in world.nodes:
        assert node.federation.guests(ROOM) == {}


# --- whatever a neighbour says ---------------------------------------------------------------------------------

ids = st.sampled_from([relay_id(key(number)) for number in range(4)]) | st.text(max_size=20)
people = st.builds(
    RoomParticipant,
    fingerprint=st.sampled_from([person(number) for number in range(4)]) | st.text(max_size=40),
    alias=st.none() | st.text(max_size=80),
    relay_label=st.none() | st.text(max_size=80),
    stream_id=st.none() | st.integers(0, 255),
    via=st.lists(ids, max_size=10).map(tuple),
)
rooms = st.sampled_from([str(ROOM), room_hash(ROOM), "call-x", *LOBBY_PARTS[:2]]) | st.text(max_size=20)
lies = st.builds(GlobalRoomActive, room=rooms, participants=st.lists(people, max_size=6).map(tuple)) | st.builds(
    GlobalRoomInactive, room=rooms
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 2), lies), max_size=20))
def test_no_list_does_worse_than_be_ignored_and_nothing_of_a_link_outlives_it(script: list[tuple[int, Any]]) -> None:
    federation, now = chain(1).nodes[0].federation, 0.0
    for number in (1, 2):
        federation.link_up(ConnectionId(number), key(number), str(number))
    for link, lie in script:
        federation.hear(ConnectionId(link), lie)
        now += 2.0
        for effect in federation.updates(now):
            assert isinstance(effect, Deliver)
            told_on = getattr(effect.message, "participants", ())
            neighbour = relay_id(key(effect.to))
            assert all(neighbour not in each.via and 1 <= len(each.via) <= MOST_HOPS for each in told_on)
    for number in (1, 2):
        federation.link_down(ConnectionId(number))
    left = [federation._nearest, federation._routes, federation._tags._passing, federation._own_ids]
    assert not any(left)


def test_what_was_told_of_a_room_counts_as_soon_as_it_spans_relays_and_no_longer() -> None:
    for form in (ROOM, room_hash(ROOM), ROOM.upper()):
        federation = Federation(key(0), [], lambda room: (guest(1, stream_id=9),))
        federation.link_up(THERE, key(1), "there")
        assert federation.hear(THERE, told(guest(7, stream_id=3), room=form)) is None
        assert (federation.guests(ROOM), federation.updates(0.0)) == ({}, [])
        assert federation.span([ROOM]) == [ROOM]
        assert set(federation.guests(ROOM)) == {person(7)}
        federation.members_changed(ROOM, occupied=True)
        (mine,) = federation.updates(1.0)
        assert isinstance(mine, Deliver)
        assert mine.message == GlobalRoomActive(room=ROOM, participants=(guest(1, stream_id=9),))
        assert federation.onward(ROOM, 9, None) == (THERE,)
        assert federation.span([]) == [ROOM]
        assert federation.updates(2.0) == [Deliver(THERE, GlobalRoomInactive(room=ROOM))]
        assert (federation.guests(ROOM), federation.onward(ROOM, 9, None)) == ({}, ())
        assert not federation._tags.room(federation_tag(ROOM))
        federation.hear(THERE, GlobalRoomInactive(room=form))
        federation.span([ROOM])
        assert federation.guests(ROOM) == {}


def test_rooms_that_only_others_have_in_common_are_remembered_within_bounds() -> None:
    federation = Federation(key(0), [ROOM], lambda room: ())
    federation.link_up(THERE, key(1), "there")
    for number in range(MOST_ROOMS):
        federation.hear(THERE, told(guest(7), room=f"room {number}"))
    with pytest.raises(RemoteViolation):
        federation.hear(THERE, told(guest(7), room="one more"))
    assert federation.hear(THERE, told(guest(7))) == ROOM
