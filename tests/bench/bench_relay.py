"""What the relay's forwarding costs; printed, and written beside the test's other files."""

from pathlib import Path

from wzp_core.cli.__main__ import main


def bench_relay(tmp_path: Path) -> None:
    assert main(["bench", "relay", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "relay.json").stat().st_size > 0
