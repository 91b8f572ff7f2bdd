"""Rules that every tracked file and every module of the tree keeps."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("relay", "wzp_core", "wzp_desktop")
LINES_AT_MOST = 400
# a folder of one machine, or the address of a package registry or mirror
MACHINE_PATH = re.compile(r"(?<![\w.~$}-])/(?:work|tmp|root|var/tmp|home/\w+)/|\.\./shared\b")
REGISTRY = re.compile(
    r"\b(?:pypi|pythonhosted|debian|crates|npmjs|ubuntu)\.(?:org|io|com)/(?:debian|ubuntu|simple|packages)"
    r"|\b(?:pypi\.org|files\.pythonhosted\.org|registry\.npmjs\.org|(?:deb|security)\.debian\.org)\b"
    r"|\b(?:archive|security)\.ubuntu\.com\b|--(?:extra-)?index-url|--trusted-host|--find-links"
)


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def tracked_files() -> list[Path]:
    if shutil.which("git") is None:
        pytest.skip("git is not installed: which files are tracked is unknown")
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip(f"git cannot list the tracked files: {listed.stderr.strip()}")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    """The tracked lines in which the pattern occurs, as path:number: line."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:160]}"
        for path in tracked_files()
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]


def whole(line: str) -> str:
    """Examples are written with a bar in them, so that no search for the real thing finds this file."""
    return line.replace("|", "")


@pytest.mark.parametrize(
    "line", ["cd /wo|rk/main", "open('/t|mp/x')", "see ../sh|ared/lab", '"/ho|me/me/wzp"', "=/ro|ot/x"]
)
def test_a_machine_path_is_recognised(line: str) -> None:
    assert MACHINE_PATH.search(whole(line))


@pytest.mark.parametrize("line", ["deb.deb|ian.org", "https://py|pi.org/simple", "pip install --extra-index|-url x"])
def test_a_registry_is_recognised(line: str) -> None:
    assert REGISTRY.search(whole(line))


@pytest.mark.parametrize(
    "line", ["frame/wo|rk/size", "$TMPDIR/t|mp/x", "tests/unit/ro|ot/x", "/homepage", "framework/"]
)
def test_an_ordinary_path_is_not_taken_for_a_machine_path(line: str) -> None:
    assert not MACHINE_PATH.search(whole(line))


def test_no_tracked_file_names_a_folder_of_one_machine() -> None:
    here = re.compile(rf"{MACHINE_PATH.pattern}|{re.escape(str(ROOT))}\b") if len(ROOT.parts) > 2 else MACHINE_PATH
    assert [line for line in lines_with(here) if not line.startswith("tests/arch/test_tree.py:")] == []


def test_no_tracked_file_names_a_package_registry() -> None:
    assert [line for line in lines_with(REGISTRY) if not line.startswith("tests/arch/test_tree.py:")] == []


def test_every_module_says_in_a_docstring_what_it_is() -> None:
    trees = {path: ast.parse(path.read_bytes()) for path in modules(*PACKAGES, "packaging")}
    silent = [path for path, tree in trees.items() if tree.body and not ast.get_docstring(tree)]
    assert [str(path.relative_to(ROOT)) for path in silent] == []


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for path in modules(*PACKAGES, "packaging", "tests")
    }
    assert {path: lines for path, lines in lengths.items() if lines > LINES_AT_MOST} == {}


def test_every_folder_with_modules_is_a_package_up_to_its_root() -> None:
    folders = {parent for path in modules(*PACKAGES) for parent in path.parents if ROOT in parent.parents}
    assert [str(folder.relative_to(ROOT)) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_test_folders_are_no_packages() -> None:
    assert [str(path) for path in (ROOT / "tests").rglob("__init__.py")] == []
