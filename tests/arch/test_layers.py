"""The law of layers, and what the programs without a window may load."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WINDOW_AND_SOUND = {"PySide6", "shiboken6", "sounddevice"}
LIST_LOADED = "import importlib, sys; importlib.import_module(sys.argv[1]); print(*sys.modules, sep='\\n')"


@pytest.mark.parametrize("module", ["relay.__main__", "wzp_core.cli.__main__", "wzp_desktop.__main__"])
def test_a_program_starts_without_loading_qt_or_the_sound_library(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIST_LOADED, module], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {name.partition(".")[0] for name in done.stdout.split()} & WINDOW_AND_SOUND == set()


def test_the_law_of_layers_is_kept() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.is_file():
        pytest.skip("import-linter is not installed in this environment")
    done = subprocess.run([linter, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
