"""What the first call needs is there before it begins."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import asyncio, sys
from pathlib import Path
from tests.sim.loop import run_simulated
from tests.sim.network import Internet
from tests.sim.world import Stage
from wzp_core.engine.capture import Processing

async def main():
    stage = Stage(Internet(), Path(sys.argv[1]))
    async with stage.relay(), stage.phone("alice", "198.51.100.1", processing=Processing(sys.argv[2])) as alice:
        assert "pywebrtc_audio" not in sys.modules
        await alice.online()
        print("pywebrtc_audio" in sys.modules)

run_simulated(main)
"""


@pytest.mark.parametrize(("processing", "loaded"), [("full", "True"), ("voice_only", "True"), ("none", "False")])
def test_sound_processing_is_loaded_while_the_phone_registers(tmp_path: Path, processing: str, loaded: str) -> None:
    """In a process of its own: this one has loaded everything long ago."""
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT, tmp_path, processing], capture_output=True, text=True, timeout=60
    )
    assert told.stdout.strip() == loaded, told.stderr
