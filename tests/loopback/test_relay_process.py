"""`wzp-relay` as a process: output, signals and exit codes."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from wzp_core.io.quic import open_endpoint
from wzp_core.protocol.ids import parse_tls_fingerprint

LIMIT_S = 30.0

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGTERM is POSIX")


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "relay", *map(str, arguments)]


def finished(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=LIMIT_S, check=False)


@contextmanager
def running(data_dir: Path, *arguments: object) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    """A relay that has said it listens, and what it said."""
    arguments = ("--listen", "127.0.0.1:0", "--data-dir", data_dir, "--json", *arguments)
    with subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def stopped(process: "subprocess.Popen[str]", number: signal.Signals) -> float:
    """Seconds until a clean exit."""
    started = time.monotonic()
    process.send_signal(number)
    assert process.wait(LIMIT_S) == 0
    return time.monotonic() - started


async def test_it_stops_cleanly_on_a_signal_and_keeps_its_fingerprint(tmp_path: Path) -> None:
    fingerprints = []
    for number in (signal.SIGTERM, signal.SIGINT):
        with running(tmp_path, "--name", "lab") as (process, said):
            assert (said["event"], said["name"]) == ("listening", "lab")
            fingerprints.append(said["fingerprint"])
            host, _, port = said["addr"].rpartition(":")
            async with open_endpoint(("127.0.0.1", 0)) as endpoint:
                pin = parse_tls_fingerprint(said["fingerprint"])
                link = await endpoint.dial((host, int(port)), "_signal", pin=pin)
                assert stopped(process, number) < 2.0
                async with asyncio.timeout(LIMIT_S):
                    assert await link.wait_closed() == "shutdown"
    assert fingerprints[0] == fingerprints[1]
    assert finished("--data-dir", tmp_path, "--print-fingerprint").stdout.strip() == fingerprints[0]


def test_a_busy_port_is_named_and_exits_with_3(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        process = finished("--listen", f"127.0.0.1:{port}", "--data-dir", tmp_path)
    assert process.returncode == 3
    assert f"127.0.0.1:{port}" in process.stderr
    assert "Traceback" not in process.stderr


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [("max_sessions = =", 1, "TOML"), ("max_sessions = -1", 1, "max_sessions"), ("peers = []", 0, "peers")],
)
def test_a_configuration_file_is_judged(tmp_path: Path, content: str, code: int, said: str) -> None:
    path = tmp_path / "relay.toml"
    path.write_text(content)
    process = finished("-c", path, "--data-dir", tmp_path, "--print-fingerprint")
    assert process.returncode == code
    assert said in process.stderr
    assert "Traceback" not in process.stderr


def test_a_missing_configuration_file_is_written_as_an_example(tmp_path: Path) -> None:
    path = tmp_path / "etc" / "relay.toml"
    assert finished("-c", path, "--data-dir", tmp_path, "--print-fingerprint").returncode == 0
    assert 'listen_addr = "0.0.0.0:4433"' in path.read_text()


def test_a_corrupt_identity_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "identity"
    path.write_text("lost")
    process = finished("-i", path, "--print-fingerprint")
    assert process.returncode == 1
    assert str(path) in process.stderr
    assert path.read_text() == "lost"


def test_neither_qt_nor_sound_is_loaded() -> None:
    listing = "import sys, relay.__main__; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", listing], capture_output=True, text=True, check=True, timeout=LIMIT_S
    )
    assert not {"PySide6", "sounddevice"} & set(loaded.stdout.split())
