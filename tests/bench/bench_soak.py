"""Two hours of a call in simulated time: what it leaves in memory, and where."""

import time
import tracemalloc
from pathlib import Path

import pytest

from tests.sim.loop import run_simulated
from tests.sim.soak import Held, soaked

ROUNDS = 24
MOST_GROWTH = 5 << 20  # bytes

pytestmark = pytest.mark.timeout(7200)  # ten minutes of a free core


def bench_two_hours(tmp_path: Path) -> None:
    began = time.process_time()

    def look(held: Held) -> None:
        print(
            f"{held.minutes:4.0f} min: {held.blocks:,} blocks, {held.resident / 1e6:.1f} MB resident, "
            f"{time.process_time() - began:.0f} s of processor",
            flush=True,
        )

    held: list[Held] = run_simulated(lambda: soaked(tmp_path, ROUNDS, weather_s=120 * 60 / ROUNDS / 7, look=look))
    grown = held[-1].resident - held[0].resident
    print(f"\ngrown by {grown / 1e6:.1f} MB from minute {held[0].minutes:.0f} to minute {held[-1].minutes:.0f}")
    assert grown < MOST_GROWTH


def bench_where_twenty_minutes_grow(tmp_path: Path) -> None:
    """By line of Python, from the second round on; tracing makes it slow."""
    snapshots: list[tracemalloc.Snapshot] = []
    tracemalloc.start(1)
    try:
        run_simulated(
            lambda: soaked(tmp_path, 5, weather_s=35.0, look=lambda _: snapshots.append(tracemalloc.take_snapshot()))
        )
    finally:
        tracemalloc.stop()
    hidden = [tracemalloc.Filter(False, tracemalloc.__file__), tracemalloc.Filter(False, "*linecache*")]
    for line in snapshots[-1].filter_traces(hidden).compare_to(snapshots[1].filter_traces(hidden), "lineno")[:15]:
        print(line)
