"""The desktop app at rest: how fast it is there, and what it costs while nothing happens."""

import time
from pathlib import Path

import psutil
import pytest

from tests.e2e.desktop_session import App, DesktopSession, desktop_session, missing, wait_for

IDLE_S = 20.0


@pytest.mark.skipif(bool(missing()), reason=f"this machine lacks {', '.join(missing())}")
def bench_app_at_rest(tmp_path: Path) -> None:
    with desktop_session(tmp_path) as desktop:
        desktop.sound_server("microphone", "speaker")
        settle(desktop.app("alice", PULSE_SOURCE="microphone.monitor", PULSE_SINK="speaker"))
        starts = [timed_start(desktop) for _ in range(5)]
        print(f"\nwarm start to the lobby, 5 starts: {', '.join(f'{each:.2f}' for each in starts)} s")
        app = desktop.app("alice")
        app.shows("Connected.")
        process = psutil.Process(app.process.pid)
        time.sleep(3)
        before, began = process.cpu_times(), time.monotonic()
        time.sleep(IDLE_S)
        after, took = process.cpu_times(), time.monotonic() - began
        busy = after.user + after.system - before.user - before.system
        resident = process.memory_info().rss / 2**20
        print(f"idle, online with its own relay: {100 * busy / took:.2f} % CPU, {resident:.0f} MiB resident")


def settle(app: App) -> None:
    """Through the first run, so that the starts after it are what a user sees every day."""
    for step, button in (("1 of 3", "Next"), ("2 of 3", "Next"), ("3 of 3", "Start")):
        app.shows(step)
        app.presses(button)
    app.shows("Connected.")
    app.quits()


def timed_start(desktop: DesktopSession) -> float:
    began = time.monotonic()
    app = desktop.app("alice")
    wait_for("the lobby", lambda: any("Online" in name for _, name in app.seen()))
    took = time.monotonic() - began
    app.shows("Connected.")
    app.quits()
    return took
