"""A seed in a real Secret Service, unlocked and locked, each in a desktop session of its own."""

import shutil
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(
    shutil.which("dbus-run-session") is None or shutil.which("gnome-keyring-daemon") is None,
    reason="dbus-run-session or gnome-keyring-daemon is missing",
)

ROUND_TRIP = """
    import asyncio, pathlib, sys
    from wzp_core.io.keyring import SeedStore, system_keyring

    async def main(folder):
        first = SeedStore("alice", folder)
        print(await first.load(), type(system_keyring()).__module__)
        print(await first.save(bytes(range(32))))
        print(await SeedStore("alice", folder).load())
        print(await SeedStore("bob", folder / "bob").load())

    asyncio.run(main(pathlib.Path(sys.argv[1])))
"""


def in_session(tmp_path, program, unlock=True):
    """What the program printed, run beside a keyring daemon on a session bus."""
    script = tmp_path / "program.py"
    script.write_text(textwrap.dedent(program))
    start = "printf 'secret\\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1;" if unlock else ""
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "XDG_DATA_HOME": str(tmp_path / "share"),
        "PYTHONPATH": ":".join(entry for entry in sys.path if entry),
    }
    (tmp_path / "run").mkdir(mode=0o700)
    command = [
        *("dbus-run-session", "--", "sh", "-c", f'{start} exec "$0" "$@"'),
        *(sys.executable, str(script), str(tmp_path / "profile")),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_seed_goes_to_the_secret_service_and_back(tmp_path):
    assert in_session(tmp_path, ROUND_TRIP) == [
        "None keyring.backends.SecretService",
        "SeedStorage.KEYRING",
        f"({bytes(range(32))!r}, <SeedStorage.KEYRING: 'keyring'>)",
        "None",
    ]
    assert [file.name for file in (tmp_path / "profile").iterdir()] == ["identity.in-keyring"]


def test_a_locked_secret_service_that_cannot_ask_makes_way_for_the_file(tmp_path):
    """Without a screen the daemon has no way to ask for its password."""
    lines = in_session(tmp_path, ROUND_TRIP, unlock=False)
    assert lines[1] == "SeedStorage.FILE_WITHOUT_PASSPHRASE"
    assert lines[2] == f"({bytes(range(32))!r}, <SeedStorage.FILE_WITHOUT_PASSPHRASE: 'file_without_passphrase'>)"
