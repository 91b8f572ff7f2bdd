"""A call keeps nothing of what has passed. The full length is in tests/bench/bench_soak.py."""

from pathlib import Path

from tests.sim.loop import run_simulated
from tests.sim.soak import soaked

MOST_BLOCKS = 2_500  # a minute; without a leak it is a few hundred, and packets are 9,000
MOST_BYTES = 2 << 20  # a minute; what C libraries fill at first included


def test_minutes_of_loss_jitter_and_changes_leave_nothing_behind(tmp_path: Path) -> None:
    first, *_, last = run_simulated(lambda: soaked(tmp_path, 3, weather_s=9.0))
    minutes = last.minutes - first.minutes
    assert (last.blocks - first.blocks) / minutes < MOST_BLOCKS
    assert (last.resident - first.resident) / minutes < MOST_BYTES
