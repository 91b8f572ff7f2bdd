"""Whatever arrives whenever: at most once, in order, bounded, never stuck."""

from hypothesis import given, settings
from hypothesis import strategies as st

from wzp_core.media.jitter import MOST_HELD, JitterBuffer, Missing, Play, Wait
from wzp_core.media.playout import LEAST_MS, MOST_MS

# one entry per 20 ms: what arrives, as distance from the number being sent, distortion of its timestamp, and reach
arrivals = st.lists(
    st.lists(
        st.tuples(st.integers(-40, 3), st.just(0) | st.integers(-(2**32), 2**32), st.integers(0, 200)), max_size=4
    ),
    max_size=120,
)


@settings(max_examples=150, deadline=None)
@given(arrivals, st.integers(0, 0xFFFF), st.lists(st.integers(0, 3), min_size=1, max_size=7), st.booleans())
def test_any_trace_is_played_in_order_and_at_most_once(
    trace: list[list[tuple[int, int, int]]], first: int, pulls: list[int], quiet: bool
) -> None:
    buffer: JitterBuffer[int] = JitterBuffer()
    now, last, pushed, played = 1.0, None, 0, 0
    for tick, packets in enumerate([*trace, *[[]] * (MOST_HELD + 60)]):
        for offset, distortion, reach in packets:
            number = tick + offset
            timestamp = (number * 20 + distortion) & 0xFFFF_FFFF
            buffer.push((first + number) & 0xFFFF, timestamp, number, now, reach_ms=float(reach))
            pushed += 1
        assert len(buffer) <= MOST_HELD
        assert LEAST_MS <= buffer.target_ms <= MOST_MS
        for _ in range(pulls[tick % len(pulls)] if tick < len(trace) else 1):
            taken = buffer.take(now, quiet=quiet)
            for number in _numbers(taken):
                assert last is None or number > last
                last = number
                played += 1
        now += 0.020
    assert len(buffer) == 0  # not stuck: all that came was played or given up
    assert pushed == played + buffer.late + buffer.duplicated + buffer.discarded


def _numbers(taken: Play[int] | Missing[int] | Wait) -> list[int]:
    return [taken.packet] if isinstance(taken, Play) else []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 2**32 - 1)), max_size=300))
def test_no_sequence_of_numbers_breaks_the_buffer(packets: list[tuple[int, int]]) -> None:
    buffer: JitterBuffer[int] = JitterBuffer()
    for index, (sequence, timestamp) in enumerate(packets):
        buffer.push(sequence, timestamp, index, index * 0.005)
        if index % 4 == 0:
            buffer.take(index * 0.005)
        assert len(buffer) <= MOST_HELD
    assert min(buffer.lost, buffer.late, buffer.duplicated, buffer.discarded) >= 0
