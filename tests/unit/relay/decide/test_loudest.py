from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from relay.decide.loudest import HOLD_S, Floor, Voice

FRAME_S = 0.02


def frames(seconds: float, start: float = 0.0) -> Iterator[float]:
    return (start + number * FRAME_S for number in range(round(seconds / FRAME_S)))


def test_a_speaker_is_heard_from_the_first_packet_where_there_is_a_place() -> None:
    floor = Floor(2)
    assert floor.passes(Voice(), 1, 0.0)
    assert floor.passes(Voice(), 15, 0.0)


def test_silence_takes_no_place_and_is_not_passed_on() -> None:
    floor, silent, speaker = Floor(1), Voice(), Voice()
    assert not floor.passes(silent, 0, 0.0)
    assert len(floor) == 0
    assert floor.passes(speaker, 5, 0.0)


def test_a_pause_within_a_sentence_is_passed_on_and_a_longer_silence_is_not() -> None:
    floor, voice = Floor(1), Voice()
    floor.passes(voice, 9, 0.0)
    assert floor.passes(voice, 0, HOLD_S)
    assert not floor.passes(voice, 0, HOLD_S + FRAME_S)
    assert len(floor) == 0


def test_a_speaker_that_stops_sending_makes_room() -> None:
    floor, gone, new = Floor(1), Voice(), Voice()
    floor.passes(gone, 15, 0.0)
    assert not floor.passes(new, 9, HOLD_S)
    assert floor.passes(new, 9, HOLD_S + FRAME_S)


def test_a_clearly_louder_speaker_is_heard_within_a_tenth_of_a_second() -> None:
    floor, murmur, voice = Floor(1), Voice(), Voice()
    for now in frames(1.0):
        floor.passes(murmur, 3, now)
    heard = []
    for now in frames(0.5, start=1.0):
        floor.passes(murmur, 3, now)
        heard.append(floor.passes(voice, 10, now))
    assert heard.index(True) <= 5
    assert all(heard[heard.index(True) :])
    assert not floor.passes(murmur, 3, 1.5)


def test_a_click_takes_nobodys_place() -> None:
    floor, voice, click = Floor(1), Voice(), Voice()
    for now in frames(1.0):
        floor.passes(voice, 8, now)
    assert not floor.passes(click, 15, 1.0)


def test_two_of_equal_loudness_do_not_take_each_others_place() -> None:
    floor, first, second = Floor(1), Voice(), Voice()
    heard = [
        (floor.passes(first, 8 + n % 2, now), floor.passes(second, 9 - n % 2, now)) for n, now in enumerate(frames(5.0))
    ]
    assert set(heard) == {(True, False)}


def test_the_quietest_speaker_loses_its_place() -> None:
    floor, loud, soft, new = Floor(2), Voice(), Voice(), Voice()
    for now in frames(1.0):
        floor.passes(loud, 12, now)
        floor.passes(soft, 5, now)
    for now in frames(0.2, start=1.0):
        heard = [floor.passes(voice, level, now) for voice, level in ((loud, 12), (soft, 5), (new, 10))]
    assert heard == [True, False, True]


def test_whoever_leaves_makes_room_at_once() -> None:
    floor, gone, new = Floor(1), Voice(), Voice()
    floor.passes(gone, 15, 0.0)
    floor.leave(gone)
    floor.leave(gone)
    assert floor.passes(new, 1, 0.0)


@given(
    places=st.integers(1, 4),
    levels=st.lists(st.lists(st.integers(0, 15), min_size=6, max_size=6), max_size=150),
)
def test_no_more_than_the_places_are_heard_and_nobody_flaps(places: int, levels: list[list[int]]) -> None:
    floor, voices = Floor(places), [Voice() for _ in range(6)]
    heard_since: dict[int, float] = {}
    spoke_at = dict.fromkeys(range(6), float("-inf"))
    for number, row in enumerate(levels):
        now = number * FRAME_S
        for at, level in enumerate(row):
            if level:
                spoke_at[at] = now
            if floor.passes(voices[at], level, now):
                heard_since.setdefault(at, now)
            elif at in heard_since:
                began = heard_since.pop(at)
                assert now - began >= HOLD_S, "cut off as soon as it began"
        assert len(floor) <= places
        if sum(level > 0 for level in row) <= places and all(
            now - last > HOLD_S or row[at] for at, last in spoke_at.items()
        ):
            assert all(at in heard_since for at, level in enumerate(row) if level)
