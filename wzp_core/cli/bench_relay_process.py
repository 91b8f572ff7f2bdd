"""The processes of `wzp bench relay`: a forwarder and the load on it, and what each costs."""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from wzp_core.cli.bench_relay_load import Kind, Load, arguments
from wzp_core.errors import ErrorCode, Unavailable

_LIMIT_S: Final = 300.0
_ONE_ADDRESS: Final = (  # limits that a load from a single machine would run into
    *("--max-share-per-address", "1"),
    *("--connections-per-second", "100000"),
    *("--handshakes-per-second", "100000"),
    *("--packets-per-second-and-address", "1000000"),
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
    def children(self) -> tuple[int, ...]:
        """Process ids: of a relay those of its workers."""
        return tuple(each.pid for each in self._system.children())

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

    async def until(self, name: str, tell: Callable[..., None] | None = None) -> dict[str, Any]:
        """What it says under that name; on the way there `tell` is given its progress.

        Raises Unavailable where the process ends, fails or takes too long.
        """
        try:
            async with asyncio.timeout(_LIMIT_S):
                while line := await self._said.readline():
                    happened: dict[str, Any] = json.loads(line)
                    said = happened.pop("event")
                    if said == name:
                        return happened
                    if said == "progress" and tell is not None:
                        tell(said, **happened)
                    if "reason" in happened:
                        raise Unavailable(ErrorCode.TIMED_OUT, missing=happened["reason"])
        except TimeoutError:
            pass
        raise Unavailable(ErrorCode.TIMED_OUT, missing=f"no {name!r} from process {self._process.pid}")

    async def listening(self) -> None:
        """Until it says where. Raises Unavailable."""
        host, _, port = (await self.until("listening"))["addr"].rpartition(":")
        self.address = (host, int(port))

    async def stop(self) -> None:
        """Asks it to end, and waits until it has."""
        self._process.terminate()
        await self._process.wait()

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
async def forwarder(kind: Kind, participants: int, flags: Sequence[str] = ()) -> AsyncIterator[Running]:
    """The relay, with further flags, or what it is compared with. Raises Unavailable."""
    with tempfile.TemporaryDirectory(prefix="wzp-bench-") as folder:
        if kind in (Kind.STOCK, Kind.UDP):
            async with process("wzp_core.cli.bench_relay_plain", kind.value) as server:
                await server.listening()
                yield server
        else:
            async with relay(folder, "--max-sessions", str(participants + 10), *_ONE_ADDRESS, *flags) as server:
                yield server


@asynccontextmanager
async def relay(folder: str | Path, *flags: str, port: int = 0) -> AsyncIterator[Running]:
    """A relay that listens; 0 is any port. Raises Unavailable."""
    where = ("--listen", f"127.0.0.1:{port}", "--data-dir", str(folder))
    async with process("relay", *where, "--json", "--log-level", "warning", *flags) as server:
        await server.listening()
        yield server


@asynccontextmanager
async def load(server: Running, scenario: Scenario, seconds: float, *, first: int = 0) -> AsyncIterator[Running]:
    host, port = server.address
    wanted = Load(**asdict(scenario), host=host, port=port, seconds=seconds, first=first)
    async with process("wzp_core.cli.bench_relay_load", arguments(wanted)) as generator:
        yield generator


@asynccontextmanager
async def process(module: str, *given: str) -> AsyncIterator[Running]:
    """A module that runs, killed at the end."""
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
