"""Relays and phones as real processes on loopback."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


def free_port() -> int:
    """Of UDP and of TCP."""
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream,
            suppress(OSError),
        ):
            datagrams.bind(("127.0.0.1", 0))
            stream.bind(datagrams.getsockname())
            return int(stream.getsockname()[1])


@dataclass
class Running:
    """A process that prints one JSON object per line."""

    process: "subprocess.Popen[str]"
    events: list[dict[str, Any]] = field(default_factory=list)

    def until(self, name: str) -> dict[str, Any]:
        """The next event of that name; `at` is when it was read, s."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            happened = json.loads(line) | {"at": time.monotonic()}
            self.events.append(happened)
            if happened.get("event") == name:
                return happened
        raise AssertionError(f"no {name!r}; only {self.events}; {self._errors()}")

    async def happened(self, name: str) -> dict[str, Any]:
        """`until`, while the test's own loop goes on."""
        return await asyncio.to_thread(self.until, name)

    def exit_code(self) -> int:
        code = self.process.wait(20)
        assert self.process.stdout is not None
        self.events += [json.loads(line) for line in self.process.stdout]
        return code

    def _errors(self) -> str:
        return self.process.stderr.read() if self.process.stderr is not None else ""


@dataclass
class Shop:
    """Starts processes that end with it."""

    folder: Path
    lifetime: ExitStack

    def run(self, module: str, *arguments: object) -> Running:
        environ = os.environ | {"XDG_DATA_HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder)}
        process = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environ,
        )
        self.lifetime.callback(_end, process)
        return Running(process)

    def relay(self, port: int, *arguments: object) -> Running:
        where = ("--listen", f"127.0.0.1:{port}", "--data-dir", self.folder / "relay", "--json")
        relay = self.run("relay", *where, *arguments)
        relay.until("listening")
        return relay

    def phone(self, name: str, command: str, *arguments: object, port: int) -> Running:
        seed = self.folder / f"{name}.seed"
        if not seed.exists():
            seed.write_text(os.urandom(32).hex())
        where = ("--relay", f"127.0.0.1:{port}", "--seed-file", seed, "--device", "none", "--json")
        quiet = ("--no-stun",) if "--no-stun" not in arguments else ()
        return self.run("wzp_core.cli", command, *arguments, *where, *quiet)


def _end(process: "subprocess.Popen[str]") -> None:
    if process.poll() is None:
        process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


@contextmanager
def shop(folder: Path) -> Iterator[Shop]:
    with ExitStack() as lifetime:
        yield Shop(folder, lifetime)
