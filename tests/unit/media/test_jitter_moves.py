"""A stream that moves to a slower or a quicker way: both carry it for a while, the later copies only tell how late."""

import numpy as np
import pytest

from tests.unit.media.test_jitter_traces import Replay, replayed
from wzp_core.media.jitter import JitterBuffer

BOTH_S = 1.5
PACKETS = 500


def moved(seed: int, before_s: float, after_s: float, *, told: bool = True) -> Replay:
    """After about four seconds; each way has its own jitter, which may reorder."""
    random = np.random.default_rng(seed)
    at = int(random.integers(180, 220))
    jitter_s = random.uniform(0.0, 0.025, 2)
    ways = [(before_s, jitter_s[0], 0, at + int(BOTH_S / 0.020)), (after_s, jitter_s[1], at, PACKETS)]
    arrivals = [
        (number * 0.020 + delay + float(random.uniform(0.0, jitter)), number)
        for delay, jitter, first, end in ways
        for number in range(first, end)
    ]
    return replayed(arrivals, seed, by_two_ways=told)


@pytest.mark.parametrize(("before_ms", "after_ms"), [(5, 120), (120, 5), (25, 50), (50, 25), (20, 170), (170, 20)])
def test_a_planned_move_makes_up_at_most_60_ms_whatever_the_ways_and_their_jitter(
    before_ms: int, after_ms: int
) -> None:
    costs = []
    for seed in range(200):
        replay = moved(seed, before_ms / 1000, after_ms / 1000)
        costs.append(sum(replay.concealed_ms[150:]))
        assert replay.discarded == 0
        assert np.mean(replay.delay_ms[-50:]) < 60.0 + abs(before_ms - after_ms)
    assert np.percentile(costs, 95) <= 60.0


def test_a_buffer_that_is_told_nothing_makes_up_the_whole_difference() -> None:
    """Or the test above would show nothing."""
    assert sum(moved(1, 0.005, 0.120, told=False).concealed_ms[150:]) > 60.0


def test_copies_that_had_only_been_kept_for_us_and_single_ones_long_after_tell_nothing() -> None:
    buffer: JitterBuffer[int] = JitterBuffer()
    for number in range(100):
        buffer.push(number, number * 20, number, number * 0.020)
    calm_ms = buffer.target_ms
    for number in range(60, 100):
        buffer.came_again(number, number * 20, 2.0)
    assert buffer.target_ms == calm_ms
    for number in (80, 90):
        buffer.came_again(number, number * 20, 2.0 + number / 100)
    buffer.came_again(30_000, 600_000, 3.0)
    assert buffer.target_ms == calm_ms
