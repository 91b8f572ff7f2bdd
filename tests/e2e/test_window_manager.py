"""A real app under a real window manager: who has the keyboard when a call comes, and what is above what."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.desktop_session import App, DesktopSession, desktop_session, missing, wait_for

LACKING = [*missing(), *(name for name in ("openbox", "xdotool", "xprop") if shutil.which(name) is None)]
pytestmark = pytest.mark.skipif(bool(LACKING), reason=f"this machine lacks {', '.join(LACKING)}")
OTHER = """
from PySide6.QtWidgets import QApplication, QLineEdit
app = QApplication([])
field = QLineEdit()
field.setWindowTitle("somebody's letter")
field.show()
app.exec()
"""


class Screen:
    """Asks and moves windows as the user of this display would."""

    def __init__(self, desktop: DesktopSession) -> None:
        self._environ = desktop.environ

    def tool(self, *command: str) -> str:
        return subprocess.run(command, env=self._environ, capture_output=True, text=True, check=False).stdout

    def window(self, title: str) -> str:
        """Of the whole title, once it is on the screen."""
        search = ("xdotool", "search", "--onlyvisible", "--name", f"^{title}$")
        return str(wait_for(f"window {title!r}", lambda: self.tool(*search).split())[-1])

    def active(self) -> str:
        return self.tool("xdotool", "getactivewindow").strip()

    def top(self) -> str:
        order = re.findall("0x[0-9a-f]+", self.tool("xprop", "-root", "_NET_CLIENT_LIST_STACKING"))
        return str(int(order[-1], 16)) if order else ""


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[DesktopSession]:
    with desktop_session(tmp_path) as session:
        session.start(["openbox"], stdout=subprocess.DEVNULL)
        session.sound_server("microphone", "speaker")
        yield session


def called(desktop: DesktopSession, app: App, fingerprint: str) -> "subprocess.Popen[bytes]":
    """Somebody calls, until the call is answered or declined."""
    command = [
        "call",
        fingerprint,
        "--relay",
        app.relay(),
        "--profile",
        "caller",
        "--device",
        "none",
        "--seconds",
        "60",
    ]
    caller = desktop.start([sys.executable, "-m", "wzp_core.cli", *command], stdout=subprocess.DEVNULL)
    app.shows("is calling you", 30)
    return caller


@pytest.mark.timeout(180)
def test_a_call_comes_to_the_front_and_takes_the_keyboard_from_nobody_who_sees_it(desktop: DesktopSession) -> None:
    screen = Screen(desktop)
    app = desktop.app("bob", PULSE_SOURCE="microphone.monitor", PULSE_SINK="speaker")
    app.shows("What shall others call you")
    window = screen.window("WZP")
    wait_for("the keyboard in the new window", lambda: screen.active() == window)
    for step in ("1 of 3", "2 of 3", "3 of 3"):
        app.shows(step)
        screen.tool("xdotool", "key", "Return")
    app.shows("Connected. You can call and be called.")
    fingerprint = next(name for _, name in app.seen() if re.fullmatch(r"([0-9a-f]{4}:){7}[0-9a-f]{4}", name))
    subprocess.run(
        [sys.executable, "-m", "wzp_core.cli", "identity", "new", "--profile", "caller"],
        env=desktop.environ,
        check=True,
        capture_output=True,
    )

    desktop.start([sys.executable, "-c", OTHER])
    other = screen.window("somebody's letter")
    wait_for("the keyboard in the other window", lambda: screen.active() == other)
    screen.tool("xdotool", "key", "a")
    caller = called(desktop, app, fingerprint)
    wait_for("the call on top", lambda: screen.top() == window)
    assert screen.active() == other, "who types goes on typing"
    screen.tool("xdotool", "windowactivate", "--sync", window, "key", "alt+d")
    assert caller.wait(20) != 0
    app.shows("Call ended")
    screen.tool("xdotool", "key", "Escape")
    app.shows("Declined")

    screen.tool("xdotool", "windowminimize", window)
    wait_for("the keyboard elsewhere", lambda: screen.active() != window)
    called(desktop, app, fingerprint)
    wait_for("the window back, with the keyboard", lambda: screen.active() == screen.top() == window)
    screen.tool("xdotool", "key", "alt+a")
    app.shows("Hang up")
    assert app.quits() == 0
