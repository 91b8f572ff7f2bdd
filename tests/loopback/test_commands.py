"""All three programs where nobody reads what they print, and where not everything is installed."""

import subprocess
import sys
from pathlib import Path

import pytest

LIMIT_S = 30.0
SOMETHING_PRINTED = [
    ("relay", "--check"),
    ("relay", "--check", "--json"),
    ("relay", "--print-fingerprint"),
    ("relay", "--help"),
    ("wzp_core.cli", "doctor", "relay"),
    ("wzp_core.cli", "identity", "show"),
    ("wzp_core.cli", "--help"),
    ("wzp_desktop", "--help"),
    ("wzp_desktop", "--relay-only", "--check"),
]

NOT_FOR_A_RELAY = {
    *("PySide6", "shiboken6", "numpy", "sounddevice", "platformdirs", "keyring", "mnemonic", "zeroconf"),
    *("pycodec2", "pywebrtc_audio", "raptorq", "samplerate", "segno", "jeepney"),
}
WITHOUT_THEM = f"""
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {NOT_FOR_A_RELAY}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
from wzp_desktop.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize("command", SOMETHING_PRINTED, ids=" ".join)
def test_a_command_whose_reader_has_gone_ends_without_a_word(command: tuple[str, ...], tmp_path: Path) -> None:
    module, *arguments = command
    if module == "relay" or "--relay-only" in arguments:
        arguments += ["--data-dir", str(tmp_path)]
    if "identity" in arguments:
        (tmp_path / "seed").write_text("01" * 32)
        arguments += ["--seed-file", str(tmp_path / "seed")]
    with subprocess.Popen(
        [sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(LIMIT_S) in ((0, 141) if "--help" in arguments else (141,))  # argparse ignores it too


def without_them(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", WITHOUT_THEM, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)


def test_after_a_set_up_for_the_relay_alone_the_window_is_refused_in_one_sentence() -> None:
    refused = without_them()
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "./dev run, or pip install 'wzp-desktop[desktop]'" in refused.stderr
    assert "PySide6" in refused.stderr


def test_after_a_set_up_for_the_relay_alone_flags_and_the_relay_work(tmp_path: Path) -> None:
    assert without_them("--help").returncode == 0
    assert "not a profile name" in without_them("--profile", "../x").stderr
    checked = without_them("--relay-only", "--check", "--data-dir", tmp_path, "--listen", "127.0.0.1:0")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout.endswith("0 to be put right\n")
