"""From the click to the first packet of the other side: 20 calls between real processes on loopback."""

import statistics
from pathlib import Path

from tests.loopback.processes import free_port, shop

CALLS = 20


def percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def bench_call_setup(tmp_path: Path) -> None:
    port = free_port()
    with shop(tmp_path) as street:
        street.relay(port)
        bob = street.phone("bob", "listen", "--calls", CALLS, port=port)
        fingerprint = bob.until("registered")["fingerprint"]
        setups = []
        for number in range(CALLS):
            # An identity of its own for each: a relay allows one client 20 offers a minute.
            alice = street.phone(f"alice{number}", "call", fingerprint, "--seconds", 0.3, port=port)
            setups.append(alice.until("summary")["setup_ms"])
            assert alice.exit_code() == 0
    p50, p95 = percentile(setups, 50), percentile(setups, 95)
    print(f"\ncall set-up, {CALLS} calls on loopback: p50 {p50:.0f} ms, p95 {p95:.0f} ms, max {max(setups):.0f} ms")
