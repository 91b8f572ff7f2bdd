"""Counting what comes by itself."""

from hypothesis import given
from hypothesis import strategies as st

from wzp_core.media.reception import Reception


def counted(*sequences: int) -> tuple[int, int, int]:
    reception = Reception()
    for sequence in sequences:
        reception.note(sequence)
    return reception.expected, reception.received, reception.gaps


def test_a_run_of_missing_packets_is_one_gap() -> None:
    assert counted(7, 8, 12, 13, 15) == (9, 5, 2)


def test_a_packet_that_comes_late_or_twice_is_counted_once() -> None:
    assert counted(1, 3, 2, 2, 3, 1) == (3, 3, 1)


def test_numbers_wrap() -> None:
    assert counted(65_534, 65_535, 1, 0) == (4, 4, 1)


def test_a_sender_that_begins_anew_has_lost_nothing() -> None:
    assert counted(1, 2, 30_000, 30_001) == (4, 4, 0)


def test_a_bundle_takes_as_many_numbers_as_it_has_slots() -> None:
    reception = Reception()
    for first in (0, 12, 36, 24):
        reception.note(first, 12)
    assert (reception.expected, reception.received, reception.gaps) == (48, 48, 1)


@given(st.lists(st.tuples(st.integers(0, 65_535), st.integers(1, 12)), max_size=300))
def test_no_order_counts_more_than_was_expected_or_less_than_nothing(packets: list[tuple[int, int]]) -> None:
    reception = Reception()
    for sequence, numbers in packets:
        reception.note(sequence, numbers)
        assert 0 <= reception.gaps <= reception.expected
        assert reception.received <= reception.expected


def test_what_was_withheld_in_a_pause_was_not_missed() -> None:
    reception = Reception()
    for sequence in (65_500, 65_501):
        reception.note(sequence)
    reception.resume(200)
    reception.note(200)
    reception.resume(100)
    reception.note(202)
    assert (reception.expected, reception.received, reception.gaps) == (5, 4, 1)
