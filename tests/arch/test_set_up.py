"""The files of the set-up: ./dev, the pinned packages, libopus, the start-menu entry."""

import ctypes
import re
import shutil
import subprocess
import tomllib
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "packaging" / "requirements"
DESKTOP_ENTRY = ROOT / "packaging" / "linux" / "wzp-desktop.desktop"
LIBOPUS = ROOT / ".native" / "lib" / "libopus.so.0"
OPUS_APPLICATION_VOIP = 2048
OPUS_SET_DRED_DURATION = 4050


def run(*command: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True, check=False)


def plain_name(requirement: str) -> str:
    """The package a requirement is about, spelled as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement, maxsplit=1)[0]).lower()


@pytest.mark.parametrize("script", ["dev", "packaging/native/libopus.sh"])
def test_a_shell_script_is_plain_sh(script: str) -> None:
    assert run("sh", "-n", script).stderr == ""
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed: only the syntax was checked")
    assert run("shellcheck", "-s", "sh", "-S", "warning", script).stdout == ""


def test_dev_without_a_command_tells_its_commands() -> None:
    told = run(ROOT / "dev")
    assert told.returncode == 0
    commands = re.findall(r"^ +\./dev (\w+)", told.stdout, re.MULTILINE)
    assert commands == ["run", "relay", "test", "check", "bench", "lab", "setup"]


def test_dev_refuses_an_unknown_command() -> None:
    assert run(ROOT / "dev", "fly").returncode == 2


@pytest.mark.parametrize("name", ["build", "run", "relay", "test"])
def test_every_pinned_package_carries_its_hashes(name: str) -> None:
    lines = (REQUIREMENTS / f"{name}.txt").read_text("utf-8").replace("\\\n", " ").splitlines()
    pinned = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    assert pinned
    assert [line for line in pinned if not re.match(r"[\w.-]+==\S+ .*--hash=sha256:", line)] == []


def test_every_dependency_of_the_project_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {plain_name(line) for line in [*project["dependencies"], *project["optional-dependencies"]["desktop"]]}
    text = (REQUIREMENTS / "run.txt").read_text("utf-8")
    pinned = {plain_name(line) for line in text.splitlines() if "==" in line}
    assert wanted - pinned == set()


def packages_of(role: str) -> set[str]:
    """What ./dev installs for it."""
    (sets,) = re.findall(rf'^ +{role}\) +sets="([a-z ]+)"', (ROOT / "dev").read_text("utf-8"), re.MULTILINE)
    texts = [(REQUIREMENTS / f"{name}.txt").read_text("utf-8") for name in sets.split()]
    return {plain_name(line) for text in texts for line in text.splitlines() if "==" in line}


def test_a_server_with_nothing_but_a_relay_gets_no_packages_for_windows_and_sound() -> None:
    assert packages_of("relay") >= {"aioquic", "aiohttp", "prometheus-client", "setuptools"}
    assert not packages_of("relay") & {"pyside6-essentials", "shiboken6", "sounddevice", "numpy"}
    assert packages_of("run") >= packages_of("relay") | {"pyside6-essentials", "sounddevice"}


def test_libopus_as_built_carries_deep_redundancy() -> None:
    if not LIBOPUS.is_file():
        pytest.skip("libopus was not built on this machine (./dev setup tells why): calls go without DRED")
    opus = ctypes.CDLL(str(LIBOPUS))
    opus.opus_encoder_create.restype = ctypes.c_void_p
    encoder = ctypes.c_void_p(opus.opus_encoder_create(48000, 1, OPUS_APPLICATION_VOIP, None))
    try:
        assert opus.opus_encoder_ctl(encoder, OPUS_SET_DRED_DURATION, ctypes.c_int(50)) == 0
    finally:
        opus.opus_encoder_destroy(encoder)


def test_the_start_menu_entry_is_valid() -> None:
    if shutil.which("desktop-file-validate") is None:
        pytest.skip("desktop-file-validate is not installed (Debian: desktop-file-utils)")
    assert run("desktop-file-validate", DESKTOP_ENTRY).stdout == ""


def test_the_start_menu_entry_starts_the_app_and_opens_its_links() -> None:
    entry = ConfigParser(interpolation=None)
    entry.optionxform = str  # type: ignore[assignment, method-assign]
    entry.read(DESKTOP_ENTRY, "utf-8")
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["gui-scripts"]
    program, argument = entry["Desktop Entry"]["Exec"].split()
    assert program in scripts
    assert argument == "%u"
    assert "x-scheme-handler/wzp;" in entry["Desktop Entry"]["MimeType"]
