"""A throw-away desktop without a screen: display, message bus, unlocked keyring, sound server, screen reader."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

NEEDED = ("Xvfb", "dbus-daemon", "gnome-keyring-daemon", "pulseaudio", "pacat", "parec", "/usr/bin/python3")
_SINK = "module-null-sink sink_name={} rate=48000 channels=1 format=s16le norewinds=1"


def missing() -> list[str]:
    """What this machine lacks for it."""
    absent = [name for name in NEEDED if shutil.which(name) is None]
    if not absent and subprocess.run(["/usr/bin/python3", "-c", "import pyatspi"], capture_output=True).returncode:
        absent.append("python3-pyatspi")
    return absent


def wait_for(what: str, holds: Callable[[], Any], limit_s: float = 20.0) -> Any:
    """Polls the outside world, which tells nobody when it has changed."""
    end = time.monotonic() + limit_s
    while not (result := holds()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit_s} s: {what}")
        time.sleep(0.05)
    return result


class App:
    """One running desktop app, through its accessible tree."""

    def __init__(self, session: "DesktopSession", process: "subprocess.Popen[bytes]", log: Path) -> None:
        self._session, self.process, self._log = session, process, log

    def seen(self) -> list[tuple[str, str]]:
        """Role and name (or text) of everything on the screen."""
        rows = self._session.ask(do="seen", pid=self.process.pid)
        return [(role, name or text) for role, name, text in rows] if isinstance(rows, list) else []

    def shows(self, words: str, limit_s: float = 20.0) -> str:
        """The first label or control that contains `words`."""

        def found() -> str | None:
            return next((name for _, name in self.seen() if words in name), None)

        try:
            return str(wait_for(f"{words!r} on the screen", found, limit_s))
        except AssertionError as error:
            raise AssertionError(f"{error}\nseen: {self.seen()}\nlog: {self._log.read_text()[-3000:]}") from None

    def presses(self, name: str) -> None:
        try:
            wait_for(f"button {name!r}", lambda: self._session.ask(do="press", pid=self.process.pid, name=name) is True)
        except AssertionError as error:
            raise AssertionError(f"{error}\nseen: {self.seen()}\nlog: {self._log.read_text()[-3000:]}") from None

    def types(self, field: str, text: str) -> None:
        asked = {"do": "type", "pid": self.process.pid, "name": field, "text": text}
        wait_for(f"field {field!r}", lambda: self._session.ask(**asked) is True)

    def relay(self) -> str:
        """The address of the app's own relay."""
        port = wait_for("its own relay", lambda: re.search(r"relay:listening addr=\S+:(\d+)", self._log.read_text()))
        return f"127.0.0.1:{port[1]}"

    def quits(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


class DesktopSession:
    """Open it with `desktop_session`."""

    def __init__(self, folder: Path, lifetime: ExitStack) -> None:
        self._folder, self._lifetime = folder, lifetime
        self.environ = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "WZP_LIBOPUS")}
        self.environ |= {"HOME": str(folder), "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1", "QT_QPA_PLATFORM": "xcb"}
        for name in ("RUNTIME_DIR", "CONFIG_HOME", "DATA_HOME", "CACHE_HOME"):
            (folder / name).mkdir(mode=0o700)
            self.environ[f"XDG_{name}"] = str(folder / name)
        self._start_display()
        self._start_bus()
        self._unlock_keyring()
        self._reader = self.start(
            ["/usr/bin/python3", str(Path(__file__).with_name("screen_reader.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def start(self, command: list[str], **options: Any) -> "subprocess.Popen[bytes]":
        """Ends with the session."""
        environ = self.environ | options.pop("environ", {})
        process = subprocess.Popen(command, env=environ, **({"stderr": subprocess.DEVNULL} | options))
        self._lifetime.callback(_end, process)
        return process

    def app(self, profile: str, **environ: str) -> App:
        log = self._folder / f"{profile}.log"
        command = [sys.executable, "-m", "wzp_desktop", "--profile", profile, "--no-stun"]
        with log.open("wb") as out:
            return App(self, self.start(command, stdout=out, stderr=out, environ=environ), log)

    def sound_server(self, *sinks: str) -> None:
        modules = [part for sink in sinks for part in ("-L", _SINK.format(sink))]
        base = ["pulseaudio", "-n", "--system=false", "--daemonize=no", "--exit-idle-time=-1"]
        self.start([*base, "-L", "module-native-protocol-unix", *modules], stdout=subprocess.DEVNULL)
        socket = Path(self.environ["XDG_RUNTIME_DIR"]) / "pulse" / "native"
        wait_for("the sound server", socket.exists)

    def ask(self, **request: Any) -> Any:
        """One request to the screen reader."""
        assert self._reader.stdin is not None
        assert self._reader.stdout is not None
        self._reader.stdin.write(json.dumps(request).encode() + b"\n")
        self._reader.stdin.flush()
        return json.loads(self._reader.stdout.readline())

    def _start_display(self) -> None:
        read, write = os.pipe()
        self.start(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"], pass_fds=(write,)
        )
        os.close(write)
        with os.fdopen(read) as number:
            self.environ["DISPLAY"] = f":{number.readline().strip()}"

    def _start_bus(self) -> None:
        bus = self.start(["dbus-daemon", "--session", "--nofork", "--print-address"], stdout=subprocess.PIPE)
        assert bus.stdout is not None
        self.environ["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().decode().strip()

    def _unlock_keyring(self) -> None:
        command = ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"]
        keyring = self.start(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        assert keyring.stdin is not None
        keyring.stdin.write(b"session\n")
        keyring.stdin.close()
        owned = ["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/"]
        query = [*owned, "org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"]
        wait_for("the keyring", lambda: b"true" in subprocess.run(query, env=self.environ, capture_output=True).stdout)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


@contextmanager
def desktop_session(folder: Path) -> Iterator[DesktopSession]:
    with ExitStack() as lifetime:
        yield DesktopSession(folder, lifetime)
