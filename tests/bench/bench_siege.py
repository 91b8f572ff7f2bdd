"""An hour under siege, in simulated time: what two honest people lose, and what the relay keeps of the crowd."""

import asyncio
import gc
import logging
import os
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.sim.crowd import Crowd
from tests.sim.honest import honest_pair
from tests.sim.loop import run_simulated
from tests.sim.network import Internet
from tests.sim.world import Stage

HOUR_S, WARM_S = 3600.0, 600.0
EVERY_S = 0.5  # real ones speak every 0.02 s; the loss of what is said less often is as telling


@pytest.fixture(autouse=True)
def _quietly() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def bench_an_hour_under_siege(tmp_path: Path) -> None:
    process = psutil.Process(os.getpid())
    report: dict[str, object] = {}

    def memory() -> tuple[float, int]:
        gc.collect()
        return process.memory_info().rss / 2**20, len(gc.get_objects())

    async def script() -> None:
        stage = Stage(Internet(), tmp_path)
        async with stage.relay() as relay, honest_pair(stage) as pair:
            crowd = Crowd(stage, seed=int(os.environ.get("SIEGE_SEED", "7")))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(crowd.besiege(HOUR_S, at_once=1))
                tasks.create_task(pair.talk(HOUR_S, EVERY_S))
                for minute in range(10, 61, 10):
                    await asyncio.sleep(WARM_S)
                    rss, objects = memory()
                    links = len(relay._endpoint._ids)  # type: ignore[attr-defined]
                    print(f"{minute:3} min: {rss:6.1f} MiB resident, {objects:7} objects, {links} links")
                    report.setdefault("warm", (rss, objects))
            await asyncio.sleep(120)
            rss, objects = memory()
            report["after"] = rss, objects
            totals = relay.stats().totals
            print(f"after: {rss:6.1f} MiB, {objects} objects, {relay.stats()}")
            print("attacks:", dict(sorted(crowd.tried.items())))
            print("lost:", {name: f"{100 * loss:.3f} %" for name, loss in pair.losses().items()})
            print("pings answered:", f"{pair.pongs} of {pair.pings}")
            assert totals.links_accepted > 1000
            assert max(pair.losses().values()) < 0.01
            assert not any(link.closed for link in pair.links)
            warm = report["warm"]
            assert isinstance(warm, tuple)
            assert rss - warm[0] < 30
            assert objects < 1.2 * warm[1]

    began = time.process_time()
    run_simulated(script)
    print(f"one hour took {time.process_time() - began:.0f} s of a processor")


def bench_ten_minutes_under_siege_traced(tmp_path: Path) -> None:
    """What was allocated between the second minute and the end, by line; several times slower."""

    async def script() -> None:
        stage = Stage(Internet(), tmp_path)
        async with stage.relay(), honest_pair(stage) as pair:
            crowd = Crowd(stage, seed=8)
            tracemalloc.start(3)
            await asyncio.gather(crowd.besiege(120, at_once=2), pair.talk(120, 1.0))
            gc.collect()
            before = tracemalloc.take_snapshot()
            await asyncio.gather(crowd.besiege(480, at_once=2), pair.talk(480, 1.0))
            await asyncio.sleep(120)
            gc.collect()
            differences = tracemalloc.take_snapshot().compare_to(before, "lineno")
            tracemalloc.stop()
        grown = sum(each.size_diff for each in differences) / 1024
        print(f"grown by {grown:.0f} KiB in eight minutes of siege; most of it:")
        for each in sorted(differences, key=lambda each: -each.size_diff)[:12]:
            print(" ", each)
        assert grown < 2048

    run_simulated(script)
