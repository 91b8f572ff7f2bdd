"""`wzp bench relay`: what forwarding costs, how much of it there can be, and what people at rest cost.

Relay and load are processes of their own. Every row says how busy the load generator was and how late: where it was
the slower one, the row shows its limit and not the relay's. It also says how long the relay was ready and had no
processor: above a few percent the machine was busy with something else, delays mean little then, and processor time
per forward looks better than it is, since a relay that comes late finds more to do at once.
"""

import asyncio
import json
import os
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from wzp_core.cli.bench_relay_load import Kind, Load, arguments
from wzp_core.cli.bench_table import table
from wzp_core.cli.output import Exit, Output
from wzp_core.errors import ErrorCode, Unavailable

_LIMIT_S: Final = 300.0
_SATURATED_PCT: Final = 85.0
_ANY: Final = "127.0.0.1:0"
_STARVED_PCT: Final = 10.0
_ONE_ADDRESS: Final = (  # limits that a load from a single machine would run into
    *("--max-share-per-address", "1"),
    *("--connections-per-second", "100000"),
    *("--handshakes-per-second", "100000"),
    *("--packets-per-second-and-address", "1000000"),
    *("--registrations-per-minute-and-address", "100000"),
)

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
PRESENCE_COLUMNS: Final = (
    ("clients", "Registered clients"),
    ("joined_s", "joined in s"),
    ("joins_cpu_s", "CPU s"),
    ("join_ms", "One more: answered ms"),
    ("heard_by_all_ms", "known to all ms"),
    ("join_cpu_ms", "CPU ms"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One row: who is in which rooms, at which forwarder."""

    kind: Kind = Kind.RELAY
    rooms: int
    members: int
    talkers: int

    @property
    def participants(self) -> int:
        return self.rooms * self.members


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


def add_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=10.0, help="measured per row (%(default)s)")
    parser.add_argument(
        "--repeat", type=int, default=1, metavar="N", help="measure each row N times, keep the least disturbed"
    )
    parser.add_argument("--quick", action="store_true", help="small rooms and few people, half a minute in all")
    parser.add_argument("--rooms-only", action="store_true", help="leave out people at rest and presence")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write relay.md and relay.json there")
    parser.add_argument("--json", action="store_true", help="one JSON object per line on stdout")


async def run(options: Namespace, output: Output) -> Exit:
    """Exit 3 where a forwarder cannot run here."""
    try:
        report = await _measured(options, output)
        if options.out is not None:
            _written(report, options.out)
    except Unavailable as error:
        output.error(f"Cannot measure: {error.facts.get('missing') or error}")
        return Exit.CANNOT_REACH
    output.text(as_markdown(report))
    output.event("summary", rows=len(report["rooms"]), out=str(options.out or ""))
    return Exit.OK


def as_markdown(report: dict[str, list[dict[str, Any]]]) -> str:
    """One table for each kind of measurement made."""
    parts = (("rooms", ROOM_COLUMNS), ("idle", IDLE_COLUMNS), ("presence", PRESENCE_COLUMNS))
    return "\n".join(table(report[name], columns) for name, columns in parts if report[name])


async def _measured(options: Namespace, output: Output) -> dict[str, list[dict[str, Any]]]:
    report: dict[str, list[dict[str, Any]]] = {"rooms": [], "idle": [], "presence": []}
    for name, measure in _measurements(options):
        try:
            rows = [await measure() for _ in range(max(1, options.repeat))]
        except Unavailable as error:
            if options.quick:
                raise
            output.error(f"Left out: {error.facts.get('missing') or error}")  # the others are worth having
            continue
        report[name].append(min(rows, key=lambda row: row.get("waited_pct", 0.0)))
        output.event("measured", **report[name][-1])
    return report


def _measurements(options: Namespace) -> Iterator[tuple[str, Callable[[], Awaitable[dict[str, Any]]]]]:
    """Each with its table."""
    for scenario in QUICK if options.quick else FULL:
        yield "rooms", partial(room_row, scenario, options.seconds)
    if not options.rooms_only:
        yield "idle", partial(idle_row, 20 if options.quick else 400)
        for clients in (20,) if options.quick else (100, 1000):
            yield "presence", partial(presence_row, clients)


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


async def presence_row(clients: int) -> dict[str, Any]:
    """What it takes until everybody knows of one more client."""
    scenario = Scenario(kind=Kind.SIGNAL, rooms=10, members=clients // 10, talkers=0)
    async with forwarder(Kind.RELAY, clients) as server:
        busy = server.cpu_s
        async with load(server, scenario, 0.0) as generator:
            await generator.until("joined")
            joins_cpu_s = server.cpu_s - busy
            await asyncio.sleep(2.0)
            generator.go()
            await generator.until("began")
            busy = server.cpu_s
            await generator.until("ended")
            join_cpu_s = server.cpu_s - busy
            result = await generator.until("result")
    return result | {"joins_cpu_s": round(joins_cpu_s, 2), "join_cpu_ms": round(1000 * join_cpu_s)}


class Running:
    """A process that prints JSON lines, and what it costs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None or process.stdin is None:
            raise Unavailable(ErrorCode.BAD_FILE, missing="pipes to a process")
        self._process, self._said, self._told = process, process.stdout, process.stdin
        self.address = ("127.0.0.1", 0)
        try:
            import psutil
        except ImportError as error:
            raise Unavailable(ErrorCode.BAD_FILE, missing="the Python package psutil") from error
        self._system = psutil.Process(process.pid)

    @property
    def cpu_s(self) -> float:
        """Processor time used so far, of its children too."""
        return sum(sum(each.cpu_times()[:2]) for each in self._all())

    @property
    def waited_s(self) -> float:
        """Time so far in which it was ready to run and had no processor; 0 where the system does not say."""
        return sum(waited_s(each.pid) for each in self._all())

    @property
    def memory_bytes(self) -> int:
        """Resident, of its children too."""
        return sum(each.memory_info().rss for each in self._all())

    @property
    def dropped(self) -> int | None:
        """Datagrams that the system threw away at its socket since it was opened; None where it does not say."""
        return dropped_at(self.address[1])

    def _all(self) -> Iterator[Any]:
        yield self._system
        yield from self._system.children(recursive=True)

    async def until(self, name: str) -> dict[str, Any]:
        """Raises Unavailable where the process ends, fails or takes too long."""
        try:
            async with asyncio.timeout(_LIMIT_S):
                while line := await self._said.readline():
                    happened: dict[str, Any] = json.loads(line)
                    if happened.pop("event") == name:
                        return happened
                    if "reason" in happened:
                        raise Unavailable(ErrorCode.TIMED_OUT, missing=happened["reason"])
        except TimeoutError:
            pass
        raise Unavailable(ErrorCode.TIMED_OUT, missing=f"no {name!r} from process {self._process.pid}")

    def go(self) -> None:
        self._told.write(b"\n")


def waited_s(pid: int) -> float:
    """How long the process has waited for a processor (Linux)."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[1]) / 1e9
    except OSError:
        return 0.0


def dropped_at(port: int) -> int | None:
    """The kernel's count of datagrams thrown away at UDP sockets of that port (Linux)."""
    try:
        lines = Path("/proc/net/udp").read_text("ascii").splitlines()[1:]
    except OSError:
        return None
    return sum(int(words[-1]) for words in map(str.split, lines) if words[1].endswith(f":{port:04X}"))


@asynccontextmanager
async def forwarder(kind: Kind, participants: int) -> AsyncIterator[Running]:
    """The relay, or what it is compared with. Raises Unavailable."""
    with tempfile.TemporaryDirectory(prefix="wzp-bench-") as folder:
        if kind in (Kind.STOCK, Kind.UDP):
            command = ["wzp_core.cli.bench_relay_plain", kind.value]
        else:
            most = str(participants + 10)
            limits = ["--max-sessions", most, "--max-clients", most, *_ONE_ADDRESS]
            command = ["relay", "--listen", _ANY, "--data-dir", folder, "--json", "--log-level", "warning", *limits]
        async with _process(*command) as server:
            host, _, port = (await server.until("listening"))["addr"].rpartition(":")
            server.address = (host, int(port))
            yield server


@asynccontextmanager
async def load(server: Running, scenario: Scenario, seconds: float, *, first: int = 0) -> AsyncIterator[Running]:
    host, port = server.address
    wanted = Load(**asdict(scenario), host=host, port=port, seconds=seconds, first=first)
    async with _process("wzp_core.cli.bench_relay_load", arguments(wanted)) as generator:
        yield generator


@asynccontextmanager
async def _process(module: str, *given: str) -> AsyncIterator[Running]:
    paths = os.pathsep.join(filter(None, sys.path))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *given,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": paths},
    )
    try:
        yield Running(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _written(report: dict[str, list[dict[str, Any]]], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "relay.md").write_text(as_markdown(report), "utf-8")
        (folder / "relay.json").write_text(json.dumps(report, indent=1), "utf-8")
    except OSError as error:
        raise Unavailable(ErrorCode.BAD_FILE, path=folder) from error
