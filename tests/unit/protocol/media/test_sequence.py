import pytest

from wzp_core.protocol.media.sequence import before, distance, extend, following


@pytest.mark.parametrize(
    ("start", "end", "ahead"),
    [(0, 0, 0), (0, 1, 1), (65_535, 0, 1), (0, 65_535, -1), (10, 32_777, 32_767), (0, 32_768, -32_768)],
)
def test_the_distance_is_the_shorter_way_round(start: int, end: int, ahead: int) -> None:
    assert distance(start, end) == ahead


@pytest.mark.parametrize(
    ("a", "b", "is_before"),
    [(1, 1, False), (1, 2, True), (2, 1, False), (65_535, 0, True), (0, 32_767, True), (0, 32_768, False)],
)
def test_half_the_circle_ahead_is_no_longer_before(a: int, b: int, is_before: bool) -> None:
    assert before(a, b) is is_before


def test_the_number_after_the_last_is_zero() -> None:
    assert (following(7), following(65_535)) == (8, 0)


@pytest.mark.parametrize(
    ("sequence", "last", "extended"),
    [(5, 3, 5), (0, 65_535, 65_536), (65_535, 65_536, 65_535), (7, 10 * 65_536 + 9, 10 * 65_536 + 7), (65_535, 0, -1)],
)
def test_an_unwrapped_number_is_the_nearest_to_the_last(sequence: int, last: int, extended: int) -> None:
    assert extend(sequence, last) == extended
