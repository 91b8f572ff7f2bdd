"""Relays, STUN servers and phones as real processes inside namespaces."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from tests.lab.internet import Host
from tests.lab.namespaces import end

ROOT = Path(__file__).resolve().parents[2]
RELAY_PORT = 4433
STUN_PORT = 3478
Event: TypeAlias = dict[str, Any]


class Program:
    """A process that prints one JSON object per line; each gets `at`, when it was read, s."""

    def __init__(self, host: Host, folder: Path, name: str, module: str, *arguments: object) -> None:
        self.events: list[Event] = []
        self._told = threading.Condition()
        self._over = False
        folders = {"XDG_DATA_HOME": str(folder / name), "XDG_CONFIG_HOME": str(folder / name)}
        self._log = folder / f"{name}.log"
        with self._log.open("w", encoding="utf-8") as log:
            self.process = host.net.start(
                [sys.executable, "-m", module, *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
                env=os.environ | folders | {"PYTHONPATH": str(ROOT)},
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._told:
                self.events.append(json.loads(line) | {"at": time.monotonic()})
                self._told.notify_all()
        with self._told:
            self._over = True
            self._told.notify_all()

    def first(self, name: str, **facts: object) -> Event | None:
        wanted = facts | {"event": name}
        return next((e for e in list(self.events) if all(e.get(k) == v for k, v in wanted.items())), None)

    def wait(self, name: str, limit_s: float, **facts: object) -> Event | None:
        """The first such event, as soon as there is one; None when time or the process ends before."""
        self.until(lambda: self.first(name, **facts) is not None, limit_s)
        return self.first(name, **facts)

    def until(self, holds: Callable[[], bool], limit_s: float) -> bool:
        with self._told:
            return self._told.wait_for(lambda: holds() or self._over, limit_s) and holds()

    def stop(self, limit_s: float = 5.0) -> None:
        """As Ctrl-C does; the summary is read before this returns."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self._reader.join(limit_s)
        self.process.kill()
        self._reader.join(limit_s)
        end(self.process)

    def last_words(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")[-800:]


def start_relay(host: Host, folder: Path, *, v6: bool) -> Program:
    where = f"[::]:{RELAY_PORT}" if v6 else f"0.0.0.0:{RELAY_PORT}"
    relay = Program(host, folder, "relay", "relay", "--listen", where, "--data-dir", folder / "relay-data", "--json")
    if relay.wait("listening", 15) is None:
        raise OSError(f"no relay: {relay.last_words()}")
    return relay


def start_stun(host: Host) -> bool:
    """coturn on every address of the host; False where it is not installed."""
    program = shutil.which("turnserver")
    if program is None:
        return False
    listen = [part for address in host.addresses for part in ("-L", address)]
    quiet = ["--no-cli", "--no-tls", "--no-dtls", "--no-tcp", "--log-file", "stdout", "--pidfile", "/dev/null"]
    command = [program, "-n", "--no-auth", "--stun-only", *quiet, *listen]
    host.net.start(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return True
