from collections import Counter

import pytest

from relay.decide.effects import ConnectionId, Cut, Send
from relay.decide.global_names import lobby_part
from relay.decide.paced import TURN_S
from relay.decide.presence import LONGEST_ALIAS, Hub, shown_alias
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.ids import Fingerprint
from wzp_core.protocol.signal.presence import PresenceChange, PresenceList, PresenceUser
from wzp_core.protocol.signal.room import RoomParticipant

A, B = Fingerprint("aaaa"), Fingerprint("bbbb")
FIRST, SECOND, THIRD = ConnectionId(1), ConnectionId(2), ConnectionId(3)


def users(*entries: tuple[Fingerprint, str | None]) -> PresenceList:
    return PresenceList(users=tuple(PresenceUser(fingerprint=who, alias=alias) for who, alias in entries))


def test_everybody_gets_the_list_when_somebody_comes_or_goes() -> None:
    hub = Hub()
    hub.register(FIRST, A, "Ann")
    assert hub.updates(0.0) == [Send(A, users((A, "Ann")))]
    hub.register(SECOND, B, None)
    both = users((A, "Ann"), (B, None))
    assert hub.updates(1.0) == [Send(A, both), Send(B, both)]
    assert hub.deregister(FIRST, A)
    assert hub.updates(2.0) == [Send(B, users((B, None)))]


def test_the_newest_connection_wins_and_the_older_ones_end_takes_nothing_with_it() -> None:
    hub = Hub()
    assert hub.register(FIRST, A, None) == []
    assert hub.register(SECOND, A, "new") == [Cut(FIRST, "replaced")]
    assert not hub.deregister(FIRST, A)
    assert hub.connection_of(A) == SECOND
    assert hub.deregister(SECOND, A)
    assert A not in hub


def test_changes_within_a_tenth_of_a_second_cost_one_list() -> None:
    hub = Hub()
    hub.register(FIRST, A, None)
    hub.updates(0.0)
    for number in range(50):
        hub.register(ConnectionId(10 + number), B, str(number))
        assert hub.updates(0.05) == []
    assert hub.updates_due_at == 0.1
    newest = users((A, None), (B, "49"))
    assert hub.updates(0.1) == [Send(A, newest), Send(B, newest)]
    assert hub.updates_due_at is None


def test_a_thousand_clients_that_join_at_once_cost_a_bounded_number_of_entries_a_second() -> None:
    hub = Hub()
    entries = 0
    for number in range(1000):
        hub.register(ConnectionId(number), Fingerprint(f"{number:04}"), None)
        entries += sum(len(hub) for _ in hub.updates(0.0))
    for millisecond in range(1000):
        entries += sum(len(hub) for _ in hub.updates(millisecond / 1000))
    assert 30_000 <= entries <= 80_000


def test_nobody_gets_more_than_ten_lists_a_second_however_much_changes() -> None:
    hub = Hub()
    for number in range(60):
        hub.register(ConnectionId(number), Fingerprint(f"{number:04}"), None)
    lists: Counter[Fingerprint] = Counter()
    for millisecond in range(1000):
        hub.register(ConnectionId(1000 + millisecond), A, str(millisecond))
        lists.update(effect.to for effect in hub.updates(millisecond / 1000) if isinstance(effect, Send))
    assert max(lists.values()) <= 10
    assert min(lists.values()) >= 5


def test_who_is_told_changes_waits_for_no_crowd_that_is_told_whole_lists() -> None:
    hub = Hub()
    ours = [Fingerprint(f"{number:04}") for number in range(400)]
    for number, who in enumerate(ours):
        hub.register(ConnectionId(number), who, None, takes_changes=True)
    for number in range(400, 700):  # of older builds: their lists take seven seconds
        hub.register(ConnectionId(number), Fingerprint(f"{number:04}"), None)
    turns = (turn * TURN_S for turn in range(10_000))
    while hub.updates_due_at is not None:
        hub.updates(next(turns))
    hub.register(ConnectionId(700), A, None)
    for _ in range(40):
        hub.updates(next(turns))
    hub.register(ConnectionId(701), B, None)
    told = [effect for _ in range(40) for effect in hub.updates(next(turns)) if isinstance(effect, Send)]
    news = PresenceChange(came=(PresenceUser(fingerprint=B),), left=())
    assert {effect.to for effect in told if effect.message == news} == set(ours)
    assert len({effect.to for effect in told if isinstance(effect.message, PresenceList)}) > 10  # who have their turns


def test_everybody_among_many_gets_the_newest_list_in_the_end() -> None:
    hub = Hub()
    for number in range(200):
        hub.register(ConnectionId(number), Fingerprint(f"{number:04}"), None)
    told: set[Fingerprint] = set()
    for turn in range(1000):
        told |= {effect.to for effect in hub.updates(float(turn)) if isinstance(effect, Send)}
        if hub.updates_due_at is None:
            break
    assert len(told) == 200


def test_an_alias_is_shown_without_control_characters_and_not_at_any_length() -> None:
    assert shown_alias(" Ann\x1b[31m\u202e ") == "Ann[31m"
    assert shown_alias("\x00\n") is None
    assert len(shown_alias("x" * 10_000) or "") == LONGEST_ALIAS


def test_who_has_signed_once_cannot_be_replaced_without_a_signature() -> None:
    hub = Hub()
    hub.hold_to_signature(B, is_signed=False)
    hub.hold_to_signature(A, is_signed=True)
    with pytest.raises(RemoteViolation) as refused:
        hub.hold_to_signature(A, is_signed=False)
    assert refused.value.code is ErrorCode.BAD_SIGNATURE
    hub.hold_to_signature(A, is_signed=True)
    hub.hold_to_signature(B, is_signed=False)


def test_a_flood_of_signers_pushes_out_nobody_who_is_here() -> None:
    hub = Hub()
    hub.hold_to_signature(A, is_signed=True)
    hub.register(FIRST, A, None)
    for number in range(25_000):
        hub.hold_to_signature(Fingerprint(f"{number:05}"), is_signed=True)
    with pytest.raises(RemoteViolation):
        hub.hold_to_signature(A, is_signed=False)
    hub.hold_to_signature(Fingerprint("00000"), is_signed=False)


class OtherRelay:
    def __init__(self, *people: RoomParticipant) -> None:
        self.people = people

    def users(self) -> tuple[RoomParticipant, ...]:
        return self.people


def test_clients_of_other_relays_are_on_the_list_with_the_relay_once_each() -> None:
    hub = Hub()
    hub.register(FIRST, A, "Ann")
    other = OtherRelay(
        RoomParticipant(fingerprint=B, alias="Ben", relay_label="Bee"),
        RoomParticipant(fingerprint=A, alias="not Ann", relay_label="Bee"),
    )
    hub.elsewhere = other
    hub.refresh()
    ben = PresenceUser(fingerprint=B, alias="Ben", relay_label="Bee")
    own = PresenceUser(fingerprint=A, alias="Ann")
    assert hub.updates(0.0) == [Send(A, PresenceList(users=(own, ben)))]
    other.people = ()
    hub.refresh()
    assert hub.updates(1.0) == [Send(A, users((A, "Ann")))]


def test_other_relays_are_told_of_our_own_clients_by_the_first_digit_of_the_fingerprint() -> None:
    hub = Hub()
    hub.register(FIRST, A, "Ann")
    hub.register(SECOND, B, None)
    assert hub.participants(lobby_part(A)) == (RoomParticipant(fingerprint=A, alias="Ann"),)
    assert hub.has_any_in(lobby_part(B))
    assert not hub.has_any_in(lobby_part(Fingerprint("cccc")))


def test_a_newcomer_is_told_of_many_in_parts_the_next_when_it_has_the_last_and_then_of_changes() -> None:
    hub, heard = Hub(), set[ConnectionId]()
    hub.has_heard = heard.__contains__
    for number in range(100):
        hub.register(ConnectionId(10 + number), Fingerprint(f"{number:04}"), None)
    hub.register(FIRST, A, "Ann", takes_changes=True)
    now, parts = 0.0, list[PresenceList | PresenceChange]()

    def told() -> None:
        nonlocal now
        for _ in range(20):
            now += 0.1
            parts.extend(
                each.message
                for each in hub.updates(now)
                if isinstance(each, Send) and each.to == A and isinstance(each.message, PresenceList | PresenceChange)
            )

    told()
    assert [type(part) for part in parts] == [PresenceList]  # so a call that comes now is next
    hub.register(SECOND, B, "Ben")
    told()
    assert len(parts) == 1
    heard.add(FIRST)
    told()
    came = [len(part.users if isinstance(part, PresenceList) else part.came) for part in parts]
    assert came == [25, 25, 50, 1, 1]
    assert parts[-1] == PresenceChange(came=(PresenceUser(fingerprint=B, alias="Ben"),))
    assert hub.updates_due_at is None
