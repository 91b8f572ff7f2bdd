"""How well speech comes through loss and jitter; printed, and written beside the test's other files."""

import time
from pathlib import Path

from wzp_core.cli.__main__ import main


def bench_voice(tmp_path: Path) -> None:
    began = time.monotonic()
    assert main(["bench", "voice", "--out", str(tmp_path)]) == 0
    print(f"\n{tmp_path / 'voice.md'}, {time.monotonic() - began:.0f} s")
    assert (tmp_path / "voice.json").stat().st_size > 0
