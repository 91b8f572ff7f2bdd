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

from relay.config import read_document
from tests.loopback.processes import free_port
from tests.sim.enemy import registered, somebody
from wzp_core.io.quic import open_endpoint
from wzp_core.protocol.ids import parse_tls_fingerprint

LIMIT_S = 30.0

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGTERM is POSIX")


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "relay", *map(str, arguments)]


def finished(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=LIMIT_S, check=False)


@contextmanager
def running(
    data_dir: Path, *arguments: object, stderr: int | None = None
) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    """A relay that has said it listens, and what it said."""
    arguments = ("--listen", "127.0.0.1:0", "--data-dir", data_dir, "--json", *arguments)
    with subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, stderr=stderr, text=True) as process:
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
    [("max_sessions = =", 1, "TOML"), ("max_sessions = -1", 1, "max_sessions"), ("moon = []", 0, "moon")],
)
def test_a_configuration_file_is_judged(tmp_path: Path, content: str, code: int, said: str) -> None:
    path = tmp_path / "relay.toml"
    path.write_text(content)
    process = finished("-c", path, "--data-dir", tmp_path, "--print-fingerprint")
    assert process.returncode == code
    assert said in process.stderr
    assert "Traceback" not in process.stderr


@pytest.mark.parametrize("flags", [("--listen", "here"), ("--moon",), ("--http-port", "x")], ids=" ".join)
def test_a_wrong_command_line_is_exit_two_and_one_line(tmp_path: Path, flags: tuple[str, ...]) -> None:
    process = finished(*flags, "--data-dir", tmp_path)
    assert (process.returncode, process.stderr.count("\n")) == (2, 1)


def test_a_missing_configuration_file_is_written_as_an_example(tmp_path: Path) -> None:
    path = tmp_path / "etc" / "relay.toml"
    printed = finished("-c", path, "--data-dir", tmp_path, "--advertised-addr", "r.example:4433", "--print-fingerprint")
    assert printed.returncode == 0
    assert 'listen_addr = "0.0.0.0:4433"' in path.read_text()
    lines = [line.removeprefix("# ") for line in path.read_text().splitlines()]
    us = lines[lines.index("This relay, as others list it to link with it:") + 1 :]
    (peer,) = read_document("\n".join(us))[0]["peers"]
    assert (peer.url, peer.fingerprint) == ("r.example:4433", printed.stdout.strip())


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


def checked(*arguments: object) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code, and findings by name; the summary is one of them."""
    process = finished("--check", "--json", *arguments)
    assert process.stderr == ""
    said = [json.loads(line) for line in process.stdout.splitlines()]
    return process.returncode, {line.get("what", line["event"]): line for line in said}


def test_a_check_tells_that_a_relay_could_serve_and_leaves_no_trace(tmp_path: Path) -> None:
    port = free_port()
    folder, config = tmp_path / "data", tmp_path / "relay.toml"
    code, said = checked("-c", config, "--data-dir", folder, "--listen", f"127.0.0.1:{port}", "--http-port", port)
    assert code == 0
    assert said["summary"]["problems"] == 0
    assert set(said) == {"configuration", "identity", "port", "buffer", "advertised", "http", "summary"}
    assert said["port"]["detail"] == f"UDP 127.0.0.1:{port} is free"
    assert said["http"]["detail"] == f"TCP 127.0.0.1:{port} is free"
    assert list(tmp_path.iterdir()) == []


def test_a_check_knows_its_own_running_relay_from_another_program(tmp_path: Path) -> None:
    with running(tmp_path) as (_process, said):
        code, found = checked("--data-dir", tmp_path, "--listen", said["addr"])
        assert (code, found["port"]["ok"]) == (0, True)
        assert found["fingerprint"]["detail"] == said["fingerprint"]
        code, found = checked("--data-dir", tmp_path / "other", "--listen", said["addr"])
    assert (code, found["port"]["ok"], found["summary"]["problems"]) == (1, False, 1)
    assert "taken by another program" in found["port"]["detail"]


@pytest.mark.parametrize(
    ("content", "said"),
    [("max_sessions = -1", "max_sessions"), ('http_port = 9090\nhttp_host = "0.0.0.0"', "http_token"), ("= 1", "TOML")],
)
def test_a_check_of_a_bad_configuration_says_what_is_wrong(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "relay.toml"
    path.write_text(content)
    process = finished("--check", "-c", path, "--data-dir", tmp_path)
    assert process.returncode == 1
    assert process.stdout.startswith("WRONG configuration: ")
    assert said in process.stdout


def test_a_check_dials_the_configured_relays(tmp_path: Path) -> None:
    with running(tmp_path / "peer") as (_process, said):
        config = tmp_path / "relay.toml"
        for key, ok, words in [
            (said["fingerprint"], True, "shows the right key"),
            ("ab" * 32, False, "shows another key"),
        ]:
            config.write_text(f'[[peers]]\nurl = "{said["addr"]}"\nfingerprint = "{key}"\nlabel = "B"\n')
            code, found = checked("-c", config, "--listen", f"127.0.0.1:{free_port()}", "--data-dir", tmp_path / "own")
            assert (code == 0, found["peer"]["ok"]) == (ok, ok)
            assert words in found["peer"]["detail"]
            assert ok or said["fingerprint"] in found["peer"]["advice"]
    code, found = checked("-c", config, "--listen", f"127.0.0.1:{free_port()}", "--data-dir", tmp_path / "own")
    assert (code, found["peer"]["ok"]) == (0, True)
    assert "does not answer now" in found["peer"]["detail"]


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="to find a port privileged, somebody without privileges has to try"
)
def test_a_check_without_privileges_finds_a_privileged_port(tmp_path: Path) -> None:
    lowest = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    if not lowest.exists() or int(lowest.read_text()) <= 443:
        pytest.skip("on this machine port 443 is free for everybody")
    lower = "import os, sys, relay.__main__; os.setuid(65534); sys.exit(relay.__main__.main(sys.argv[1:]))"
    process = subprocess.run(
        [sys.executable, "-c", lower, "--check", "--listen", "127.0.0.1:443", "--data-dir", "/nowhere"],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert process.returncode == 1
    assert "UDP 127.0.0.1:443 is privileged" in process.stdout


def test_the_doctor_of_the_core_hands_over_to_the_check(tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    path.write_text("max_sessions = -1")
    process = subprocess.run(
        [sys.executable, "-m", "wzp_core.cli", "doctor", "relay", "--config", str(path), "--json"],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert process.returncode == 1
    first, last = map(json.loads, process.stdout.splitlines())
    assert (first["what"], first["ok"], last["problems"]) == ("configuration", False, 1)


def test_a_rotated_identity_is_shown_at_the_next_start(tmp_path: Path) -> None:
    before = finished("--data-dir", tmp_path, "--print-fingerprint").stdout.strip()
    said = json.loads(finished("--data-dir", tmp_path, "--rotate-identity", "--json").stdout)
    assert (said["event"], said["former"]) == ("rotated", before)
    assert finished("--data-dir", tmp_path, "--print-fingerprint").stdout.strip() == said["fingerprint"] != before
    missing = finished("--data-dir", tmp_path / "none", "--rotate-identity")
    assert missing.returncode == 1
    assert "Traceback" not in missing.stderr


def test_a_hang_up_reloads_the_file_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "relay.toml"
    path.write_text("max_clients = 10\n")
    with running(tmp_path, "-c", path, stderr=subprocess.PIPE) as (process, _):
        for content, said in (
            ('max_clients = 20\nregion = "eu"\n', "changed=region,max_clients waiting=nothing"),
            ("max_clients = = 1\n", "all stays as it was: configuration: TOML"),
            ("max_clients = 0\n", "all stays as it was: configuration: max_clients: wants at least 1"),
            ('max_clients = 20\nname = "new"\n', "only the next start changes name"),
        ):
            path.write_text(content)
            process.send_signal(signal.SIGHUP)
            until_said(process, said)
        path.unlink()
        process.send_signal(signal.SIGHUP)
        until_said(process, "all stays as it was: cannot use")
        assert not path.exists()
        assert stopped(process, signal.SIGTERM) < 2.0


async def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with running(tmp_path, stderr=subprocess.PIPE) as (process, said):
        host, _, port = said["addr"].rpartition(":")
        async with open_endpoint(("127.0.0.1", 0)) as gone, open_endpoint(("127.0.0.1", 0)) as endpoint:
            await registered(gone, (host, int(port)), somebody(1))
            gone._sockets.close()
            gone.close = lambda: None  # type: ignore[method-assign]  # it has vanished, without a goodbye
            await registered(endpoint, (host, int(port)), somebody(2))  # the other one is told of, in vain
            process.send_signal(signal.SIGTERM)
            until_said(process, "relay:draining")
            process.send_signal(signal.SIGTERM)
            assert process.wait(LIMIT_S) == -signal.SIGTERM


def until_said(process: "subprocess.Popen[str]", words: str) -> None:
    assert process.stderr is not None
    assert any(words in line for line in process.stderr), f"ended without {words!r}"
