"""The relay's container, as far as it can be tested without one: what goes in is there, and is enough."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from importlib import metadata
from pathlib import Path

import pytest

from tests.loopback.asker import free_tcp_port

ROOT = Path(__file__).resolve().parents[2]
CONTAINERFILE = (ROOT / "packaging" / "relay" / "Containerfile").read_text("utf-8")
REQUIREMENTS = ROOT / "packaging" / "requirements"
LIMIT_S = 30.0


def pinned(name: str) -> dict[str, tuple[str, ...]]:
    """Version and hashes of each package."""
    lines = (REQUIREMENTS / f"{name}.txt").read_text("utf-8").replace("\\\n", " ").splitlines()
    parts = [line.split() for line in lines if "==" in line and not line.lstrip().startswith("#")]
    return {first.partition("==")[0]: (first, *sorted(rest)) for first, *rest in parts}


def test_the_relay_runs_with_the_very_packages_that_everything_else_is_tested_with() -> None:
    everything, relay = pinned("run"), pinned("relay")
    assert relay
    assert {name: facts for name, facts in relay.items() if everything.get(name) != facts} == {}


def test_everything_that_is_copied_exists_and_is_let_through() -> None:
    copied = re.findall(r"^COPY (?!--from)(\S+) ", CONTAINERFILE, re.MULTILINE)
    ignored = (ROOT / "packaging" / "relay" / "Containerfile.dockerignore").read_text("utf-8").splitlines()
    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert {f"!{name}" for name in copied} == {line for line in ignored if line.startswith("!")}


def test_the_relay_has_no_rights_in_the_container() -> None:
    last_stage = CONTAINERFILE.rpartition("\nFROM ")[2]
    (user,) = re.findall(r"^USER (\d+)$", last_stage, re.MULTILINE)
    assert int(user) > 0
    assert f"--uid {user} " in last_stage


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder with nothing but the container's packages."""
    folder = tmp_path / "packages"
    folder.mkdir()
    for name in pinned("relay"):
        files = metadata.distribution(name).files or []
        for top in {path.parts[0] for path in files if ".." not in path.parts}:
            if top != "__pycache__":
                (folder / top).symlink_to(metadata.distribution(name).locate_file(top))  # type: ignore[arg-type]
    for name in ("relay", "wzp_core"):
        (folder / name).symlink_to(ROOT / name)
    return folder


@pytest.mark.skipif(os.name != "posix", reason="containers run Linux")
def test_the_containers_command_serves_with_the_containers_packages(tmp_path: Path, packages: Path) -> None:
    (entry,) = re.findall(r"^ENTRYPOINT (.+)$", CONTAINERFILE, re.MULTILINE)
    (health,) = re.findall(r"^HEALTHCHECK .*CMD (.+)$", CONTAINERFILE, re.MULTILINE)
    port = str(free_tcp_port())
    command = [part.replace("/data", str(tmp_path / "data")).replace("9090", port) for part in json.loads(entry)[1:]]
    environ = {"PYTHONPATH": str(packages), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(
        [sys.executable, "-S", *command, "--listen", "127.0.0.1:0", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environ,
        cwd=tmp_path,
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert said, process.communicate()[1]
            assert json.loads(said)["http"] == f"127.0.0.1:{port}"
            for path in ("/metrics", "/presence", "/mesh"):
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=LIMIT_S) as answer:
                    assert answer.status == 200
            check = [part.replace("9090", port) for part in json.loads(health)[1:]]
            done = subprocess.run([sys.executable, "-S", *check], env=environ, timeout=LIMIT_S, check=False)
            assert done.returncode == 0
        finally:
            process.terminate()
        assert process.wait(LIMIT_S) == 0
    assert (tmp_path / "data" / "relay-identity").is_file()
