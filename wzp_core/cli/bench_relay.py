"""`wzp bench relay`: what forwarding costs, how much of it there can be, and what people at rest cost.

Relay and load are processes of their own. Every row says how busy the load generator was and how late: where it was
the slower one, the row shows its limit and not the relay's. It also says how long the relay was ready and had no
processor: above a few percent the machine was busy with something else, delays mean little then, and processor time
per forward looks better than it is, since a relay that comes late finds more to do at once.
"""

import asyncio
import json
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from wzp_core.cli.bench_presence import COLUMNS, presence_row
from wzp_core.cli.bench_relay_load import Kind
from wzp_core.cli.bench_relay_process import Scenario, forwarder, load
from wzp_core.cli.bench_relay_workers import WORKERS_COLUMNS, workers_rows
from wzp_core.cli.bench_table import table
from wzp_core.cli.flags import add_common_flags, count_from, seconds
from wzp_core.cli.output import Exit, Output
from wzp_core.errors import ErrorCode, Unavailable

_SATURATED_PCT: Final = 85.0
_STARVED_PCT: Final = 10.0
ROOM_COLUMNS: Final = (
    ("relay", "Forwarder"),
    ("rooms", "Rooms"),
    ("members", "of"),
    ("talkers", "talking"),
    ("offered_per_s", "Offered/s"),
    ("forwarded_per_s", "Forwarded/s"),
    ("lost_pct", "Lost %"),
    ("cpu_us", "CPU µs each"),
    ("cpu_pct", "CPU %"),
    ("waited_pct", "Waited %"),
    ("delay_p50_ms", "Delay p50 ms"),
    ("delay_p99_ms", "p99 ms"),
    ("generator_busy_pct", "Load busy %"),
    ("late_p99_ms", "Load late p99 ms"),
    ("limit", "Limit"),
)
IDLE_COLUMNS: Final = (("participants", "Idle participants"), ("kilobytes_each", "kB each"), ("cpu_pct", "CPU %"))


KINDS: Final = ("rooms", "workers", "idle", "presence")
FULL: Final = (
    Scenario(rooms=40, members=2, talkers=2),
    Scenario(rooms=1, members=10, talkers=10),
    Scenario(rooms=3, members=10, talkers=10),
    Scenario(rooms=4, members=10, talkers=10),
    Scenario(rooms=10, members=10, talkers=3),
    Scenario(rooms=2, members=50, talkers=3),
    Scenario(rooms=1, members=50, talkers=50),
    Scenario(kind=Kind.STOCK, rooms=1, members=10, talkers=10),
    Scenario(kind=Kind.STOCK, rooms=3, members=10, talkers=10),
    Scenario(kind=Kind.UDP, rooms=1, members=10, talkers=10),
    Scenario(kind=Kind.UDP, rooms=3, members=10, talkers=10),
)
QUICK: Final = (
    Scenario(rooms=4, members=2, talkers=2),
    Scenario(rooms=1, members=10, talkers=3),
    Scenario(kind=Kind.STOCK, rooms=1, members=10, talkers=3),
    Scenario(kind=Kind.UDP, rooms=1, members=10, talkers=3),
)
CROWDS: Final = ((200, True), (1000, True), (50, False))  # clients, whether they are told changes or lists
QUICK_CROWDS: Final = ((20, True),)


def add_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--seconds", type=seconds, default=5.0, help="measured per row (%(default)s)")
    parser.add_argument(
        "--repeat",
        type=count_from(1),
        default=1,
        metavar="N",
        help="measure each row N times, keep the least disturbed",
    )
    parser.add_argument("--quick", action="store_true", help="small rooms and few people, half a minute in all")
    parser.add_argument("--only", choices=KINDS, default="", help="leave out the others")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write relay.md and relay.json there")
    add_common_flags(parser)


async def run(options: Namespace, output: Output) -> Exit:
    """Exit 3 where a forwarder cannot run here."""
    try:
        report = await _measured(options, output)
    except Unavailable as error:
        output.error(f"Cannot measure: {error.facts.get('missing') or error}")
        return Exit.CANNOT_REACH
    output.text(as_markdown(report))
    output.summary(rows=len(report["rooms"]), out=str(options.out or ""))
    return Exit.OK


def as_markdown(report: dict[str, list[dict[str, Any]]]) -> str:
    """One table for each kind of measurement made."""
    parts = (
        ("rooms", ROOM_COLUMNS),
        ("workers", WORKERS_COLUMNS),
        ("idle", IDLE_COLUMNS),
        ("presence", COLUMNS),
    )
    return "\n".join(table(report[name], columns) for name, columns in parts if report[name])


async def _measured(options: Namespace, output: Output) -> dict[str, list[dict[str, Any]]]:
    report: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    for name, measure in _measurements(options, output):
        try:
            rows = await measure()
        except Unavailable as error:
            if options.quick:
                raise
            output.error(f"Left out: {error.facts.get('missing') or error}")  # the others are worth having
            continue
        report[name] += rows
        for row in rows:
            output.event("measured", **row)
        if options.out is not None:
            _written(report, options.out)  # a run takes minutes: one that is broken off leaves what it has
    return report


def _measurements(
    options: Namespace, output: Output
) -> Iterator[tuple[str, Callable[[], Awaitable[list[dict[str, Any]]]]]]:
    """Each with its table."""

    def best_of(measure: Callable[[], Awaitable[dict[str, Any]]]) -> Callable[[], Awaitable[list[dict[str, Any]]]]:
        return partial(_best, measure, max(1, options.repeat))

    for kind in (options.only,) if options.only else KINDS:
        match kind:
            case "rooms":
                for scenario in QUICK if options.quick else FULL:
                    yield kind, best_of(partial(room_row, scenario, options.seconds))
            case "workers" if not options.quick:
                yield kind, partial(workers_rows, options.seconds, options.repeat)
            case "idle":
                yield kind, best_of(partial(idle_row, 20 if options.quick else 400))
            case "presence":
                for clients, takes_changes in QUICK_CROWDS if options.quick else CROWDS:
                    yield kind, best_of(partial(presence_row, clients, output.event, takes_changes=takes_changes))


async def _best(measure: Callable[[], Awaitable[dict[str, Any]]], times: int) -> list[dict[str, Any]]:
    """The least disturbed."""
    return [min([await measure() for _ in range(times)], key=lambda row: row.get("waited_pct", 0.0))]


async def room_row(scenario: Scenario, seconds: float) -> dict[str, Any]:
    """Raises Unavailable."""
    async with forwarder(scenario.kind, scenario.participants) as server, load(server, scenario, seconds) as generator:
        await generator.until("joined")
        generator.go()
        await generator.until("began")
        before, waited = server.cpu_s, server.waited_s
        await generator.until("ended")
        cpu_s, waited_s = server.cpu_s - before, server.waited_s - waited
        dropped = server.dropped
        result = await generator.until("result")
    forwarded = result["arrived"]
    return {
        "relay": "wzp-relay" if scenario.kind is Kind.RELAY else scenario.kind.value,
        **{key: value for key, value in asdict(scenario).items() if key != "kind"},
        "offered_per_s": round(result["offered"] / seconds),
        "forwarded_per_s": round(forwarded / seconds),
        "lost_pct": round(100 * (1 - result["heard"] / result["offered"]), 2),
        "cpu_us": round(1e6 * cpu_s / max(1, forwarded), 1),
        "cpu_pct": round(100 * cpu_s / seconds, 1),
        "waited_pct": round(100 * waited_s / seconds, 1),
        **{key: result[key] for key in ("delay_p50_ms", "delay_p99_ms", "generator_busy_pct", "late_p99_ms")},
        "dropped_at_relay": dropped,
        "limit": _limit(cpu_s / seconds, waited_s / seconds, result),
    }


def _limit(relay_share: float, waited_share: float, result: dict[str, Any]) -> str:
    """Who had no time left; the row is a measurement of that one."""
    if 100 * waited_share >= _STARVED_PCT:
        return "machine"
    if result["generator_busy_pct"] >= _SATURATED_PCT:
        return "load"
    return "forwarder" if 100 * relay_share >= _SATURATED_PCT else "-"


async def idle_row(participants: int) -> dict[str, Any]:
    """Memory that each of many silent participants adds to a relay that has seen some already."""
    scenario = Scenario(rooms=participants // 10, members=10, talkers=0)
    first = replace(scenario, rooms=max(1, scenario.rooms // 4))
    async with forwarder(Kind.RELAY, 2 * participants) as server, load(server, first, 0.0) as some:
        await some.until("joined")
        await asyncio.sleep(1.0)
        before = server.memory_bytes
        async with load(server, scenario, 0.0, first=first.participants) as more:
            await more.until("joined")
            await asyncio.sleep(1.0)
            grown = server.memory_bytes - before
            busy = server.cpu_s
            await asyncio.sleep(5.0)
            busy = server.cpu_s - busy
    return {
        "participants": participants,
        "kilobytes_each": round(grown / participants / 1000, 1),
        "cpu_pct": round(100 * busy / 5.0, 1),
    }


def _written(report: dict[str, list[dict[str, Any]]], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "relay.md").write_text(as_markdown(report), "utf-8")
        (folder / "relay.json").write_text(json.dumps(report, indent=1), "utf-8")
    except OSError as error:
        raise Unavailable(ErrorCode.BAD_FILE, path=folder) from error
