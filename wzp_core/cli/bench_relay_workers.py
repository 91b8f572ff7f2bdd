"""What two worker processes of a relay forward against one, on a machine that may have no cores to spare for both.

Each worker gets the same small part of a core and about twice as much to forward as it can: what arrives then is what
so much processor time forwards, and the load generator has the rest of the machine. A worker that has used more than
its part is stopped (SIGSTOP) until it is within it again, every few milliseconds. One worker and two take turns,
several times, so that what the machine does meanwhile meets both.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, Final

from wzp_core.cli.bench_relay_load import Kind
from wzp_core.cli.bench_relay_process import Scenario, forwarder, load
from wzp_core.errors import ErrorCode, Unavailable

WORKERS_COLUMNS: Final = (
    ("workers", "Workers"),
    ("share_pct", "each of a core %"),
    ("offered_per_s", "Offered/s"),
    ("forwarded_per_s", "Forwarded/s"),
    ("least_per_s", "least"),
    ("most_per_s", "most"),
    ("against_one", "Against one"),
    ("cpu_pct", "CPU %"),
    ("cpu_us", "CPU µs each"),
    ("waited_pct", "Waited %"),
    ("generator_busy_pct", "Load busy %"),
    ("runs", "Runs"),
)
_LOAD: Final = Scenario(
    rooms=40, members=2, talkers=2
)  # for each; little is cheaper for being late, unlike in large rooms
_SHARE: Final = 0.12
_STEP_S: Final = 0.003
_FEWEST_RUNS: Final = 3


async def workers_rows(
    seconds: float, runs: int, *, scenario: Scenario = _LOAD, share: float = _SHARE
) -> list[dict[str, Any]]:
    """A row for one worker and one for two: the median of at least three runs; `scenario` is a worker's load.

    Raises Unavailable.
    """
    measured: dict[int, list[dict[str, Any]]] = {1: [], 2: []}
    for _ in range(max(_FEWEST_RUNS, runs)):
        for workers, rows in measured.items():
            rows.append(await _run(workers, replace(scenario, rooms=workers * scenario.rooms), seconds, share))
    found = [_middle(workers, share, rows) for workers, rows in measured.items()]
    return [
        row | {"against_one": round(row["forwarded_per_s"] / max(1, found[0]["forwarded_per_s"]), 2)} for row in found
    ]


def _middle(workers: int, share: float, rows: list[dict[str, Any]]) -> dict[str, Any]:
    forwarded = [row["forwarded_per_s"] for row in rows]
    return {
        "workers": workers,
        "share_pct": round(100 * share),
        "least_per_s": min(forwarded),
        "most_per_s": max(forwarded),
        "runs": len(rows),
        **{key: round(median(row[key] for row in rows), 1) for key in rows[0]},
    }


async def _run(workers: int, scenario: Scenario, seconds: float, share: float) -> dict[str, float]:
    flags = ("--workers", str(workers))
    async with (
        forwarder(Kind.RELAY, scenario.participants, flags) as server,
        load(server, scenario, seconds) as generator,
    ):
        await generator.until("joined")
        async with limited(server.children, share):
            generator.go()
            await generator.until("began")
            cpu_s, waited_s = server.cpu_s, server.waited_s
            await generator.until("ended")
            cpu_s, waited_s = server.cpu_s - cpu_s, server.waited_s - waited_s
        result = await generator.until("result")
    return {
        "offered_per_s": round(result["offered"] / seconds),
        "forwarded_per_s": round(result["arrived"] / seconds),
        "cpu_pct": 100 * cpu_s / seconds,
        "cpu_us": 1e6 * cpu_s / max(1, result["arrived"]),
        "waited_pct": 100 * waited_s / seconds,
        "generator_busy_pct": result["generator_busy_pct"],
    }


@asynccontextmanager
async def limited(processes: Sequence[int], share: float) -> AsyncIterator[None]:
    """Each of them uses no more than that part of a core. Raises Unavailable where the system does not tell."""
    used = {process: ran_s(process) for process in processes}
    governor = asyncio.create_task(_govern(used, share))
    try:
        yield
    finally:
        governor.cancel()
        for process in processes:
            _signal(process, "SIGCONT")


async def _govern(used: dict[int, float], share: float) -> None:
    """`used`: how long each had run when this began."""
    now = asyncio.get_running_loop().time
    began = now()
    while True:
        for process, before in used.items():
            with suppress(Unavailable):
                is_over = ran_s(process) - before > share * (now() - began)
                _signal(process, "SIGSTOP" if is_over else "SIGCONT")
        await asyncio.sleep(_STEP_S)


def _signal(process: int, name: str) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, getattr(signal, name))


def ran_s(process: int) -> float:
    """How long its first thread has had a processor. Raises Unavailable where the system does not say (Linux does)."""
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text("ascii").split()[0]) / 1e9
    except (OSError, IndexError) as error:
        raise Unavailable(ErrorCode.BAD_FILE, missing="processor time of a process, as Linux tells it") from error
