from hypothesis import given
from hypothesis import strategies as st

from relay.decide.ingress import DEDUP_S, MOST_PER_S, SHORTEST, RoomRates, Seen, dedup_key, fold
from wzp_core.protocol.ids import RoomName

TAGGED = bytes.fromhex("0feae16d55365acf0000000100000014000000000102030405")


def test_fold_and_key_are_those_of_the_specification() -> None:
    assert fold(TAGGED[8:]) == 0x1003020101000000
    assert dedup_key(TAGGED) == 0x1FE9E36C54365ACE


@given(st.binary(min_size=SHORTEST, max_size=64))
def test_the_fold_is_as_it_is_defined(tagged: bytes) -> None:
    packet, wanted = tagged[8:], 0
    for place, byte in enumerate(packet[:16]):
        wanted ^= byte << (8 * (place % 8))
    assert fold(packet) == wanted


def test_a_datagram_passes_once_in_two_seconds() -> None:
    seen = Seen()
    assert seen.is_new(TAGGED, 10.0)
    assert not seen.is_new(TAGGED, 10.0 + DEDUP_S - 0.01)
    assert seen.is_new(TAGGED, 10.0 + DEDUP_S)
    assert not seen.is_new(TAGGED, 10.0 + DEDUP_S + 1.9)
    assert seen.is_new(TAGGED[:-4] + b"else", 10.0 + DEDUP_S)


@given(st.lists(st.tuples(st.integers(0, 2000), st.floats(0, 0.5)), max_size=500))
def test_memory_holds_what_is_not_older_than_two_seconds_and_little_more(script: list[tuple[int, float]]) -> None:
    seen, now, times = Seen(), 0.0, dict[int, float]()
    for number, pause_s in script:
        now += pause_s
        tagged = TAGGED[:10] + number.to_bytes(2, "big") + TAGGED[12:]
        assert seen.is_new(tagged, now) == (now - times.get(number, -9.0) >= DEDUP_S)
        if now - times.get(number, -9.0) >= DEDUP_S:
            times[number] = now
        fresh = sum(now - at < DEDUP_S for at in times.values())
        assert len(seen) <= max(257, fresh + 1)


def test_a_flood_of_new_datagrams_is_remembered_up_to_a_bound() -> None:
    seen = Seen()
    for number in range(70_000):
        seen.is_new(TAGGED[:16] + number.to_bytes(4, "big") + TAGGED[20:], 1.0)
    assert len(seen) <= 65_537


def test_a_room_gets_five_hundred_packets_a_second_and_the_next_second_again() -> None:
    rates, room = RoomRates(), RoomName("general")
    assert sum(rates.take(room, 5.0) for _ in range(600)) == MOST_PER_S
    assert rates.take(RoomName("other"), 5.5)
    assert not rates.take(room, 5.99)
    assert rates.take(room, 6.0)
