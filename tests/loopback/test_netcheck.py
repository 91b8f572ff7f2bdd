"""`wzp netcheck` against a real relay and real STUN servers."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.loopback.processes import Shop, free_port
from wzp_core.nat.stun import TRANSACTION_BYTES, binding_request


@pytest.fixture
def coturn() -> Iterator[str]:
    if shutil.which("turnserver") is None:
        pytest.skip("coturn is not installed: no independent STUN server to ask (Debian: coturn)")
    port = free_port()
    options = "-n --no-auth --stun-only --no-cli --no-tls --no-dtls --no-tcp --log-file /dev/null --pidfile /dev/null"
    server = subprocess.Popen(
        ["turnserver", *options.split(), "-L", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert answers(("127.0.0.1", port))
        yield f"127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def answers(server: tuple[str, int]) -> bool:
    """Asks until it does, ten seconds at most."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.1)
        for _ in range(100):
            asking.sendto(binding_request(bytes(TRANSACTION_BYTES)), server)
            with suppress(TimeoutError):
                return bool(asking.recv(2000))
    return False


def test_relay_and_stun_server_tell_how_they_see_the_same_socket(street: Shop, coturn: str) -> None:
    port = free_port()
    street.relay(port)
    where = f"127.0.0.1:{port}"
    check = street.run("wzp_core.cli", "netcheck", "--relay", where, "--stun", coturn, "--json")
    report = check.until("summary")
    assert check.exit_code() == 0
    (probe,) = report["stun_probes"]
    assert probe["error"] is None
    assert probe["observed_addr"].startswith("127.0.0.1:")
    assert report["ipv4_reachable"] is True
    assert report["preferred_relay"] == where
    assert report["relay_latencies"][0]["rtt_ms"] < 3000
    assert report["nat_type"] == "Unknown", "loopback says nothing about a router"


def test_a_relay_that_is_not_there_has_the_exit_code_of_unreachable_ones(street: Shop) -> None:
    check = street.run("wzp_core.cli", "netcheck", "--relay", f"127.0.0.1:{free_port()}", "--no-stun", "--json")
    report = check.until("summary")
    assert check.exit_code() == 3
    assert report["stun_probes"] == []
    assert report["relay_latencies"][0]["error"] == "no answer"
    assert street.run("wzp_core.cli", "netcheck", "--relay", "host:notaport").exit_code() == 2
