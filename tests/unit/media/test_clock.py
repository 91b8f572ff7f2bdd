from itertools import pairwise

import pytest

from wzp_core.media.clock import PlayoutClock


def asked(ppm: float, *, burst: int = 1, seconds: int = 600) -> list[tuple[float, float]]:
    """When a speaker asked for each frame and by when it was chosen, ms, once the clock has settled."""
    clock, frames = PlayoutClock(), []
    for number in range(seconds * 50):
        now = 1000.0 + (number // burst * burst) * 0.02 / (1 + ppm * 1e-6)
        frames.append((now * 1000, clock.next_frame(now) * 1000))
    return frames[500:]


@pytest.mark.parametrize("ppm", [-300, 0, 300])
def test_a_speaker_with_another_clock_never_runs_away_from_ours(ppm: int) -> None:
    assert max(abs(chosen - now) for now, chosen in asked(ppm)) < 0.4


@pytest.mark.parametrize("burst", [2, 3])
def test_frames_asked_for_in_bursts_are_evenly_spaced_around_the_time_they_are_asked_for(burst: int) -> None:
    frames = asked(100, burst=burst)
    assert all(19.5 < after - before < 20.5 for (_, before), (_, after) in pairwise(frames))
    assert sum(chosen - now for now, chosen in frames) / len(frames) == pytest.approx(0.0, abs=0.5)


def test_a_stall_is_not_made_up_for() -> None:
    clock = PlayoutClock()
    for number in range(100):
        clock.next_frame(number * 0.02)
    assert clock.next_frame(10.0) == pytest.approx(10.0, abs=0.021)
