"""The machine's addresses and their changes, in a network namespace of the test's own."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import time

import pytest

from wzp_core.io import interfaces
from wzp_core.io.interfaces import Interfaces

WATCH = """
import asyncio, sys
from wzp_core.io.interfaces import Interfaces

async def main():
    told = asyncio.Event()
    async with Interfaces().watch(told.set):
        print("watching", flush=True)
        async with asyncio.timeout(5):
            await told.wait()
    print(*Interfaces().addresses(), flush=True)

asyncio.run(main())
"""


async def test_the_loopback_address_is_among_this_machines_and_watching_leaves_nothing_behind() -> None:
    monitor = Interfaces()
    assert "127.0.0.1" in monitor.addresses()
    before = asyncio.all_tasks()
    async with monitor.watch(lambda: None):
        pass
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


def test_a_new_address_is_noticed_at_once() -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("network namespaces need root, unshare and iproute2")
    command = ["unshare", "-n", sys.executable, "-c", WATCH]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with contextlib.ExitStack() as lifetime:
            lifetime.callback(process.kill)
            if process.stdout.readline() != "watching\n":
                pytest.skip("no network namespaces here")
            inside = ["nsenter", "-t", str(process.pid), "-n", "ip", "addr", "add", "192.0.2.77/32", "dev", "lo"]
            subprocess.run(inside, check=True)
            assert "192.0.2.77" in process.stdout.readline().split()


async def test_waking_from_sleep_is_a_change_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a machine sleeps, the wall's clock goes on and the process's does not."""
    slept, real, told = 0.0, time.time, asyncio.Event()
    monkeypatch.setattr(interfaces, "_LOOK_S", 0.02)
    monkeypatch.setattr("time.time", lambda: real() + slept)
    async with Interfaces().watch(told.set):
        await asyncio.sleep(0.1)
        told.clear()
        slept = 60.0
        await asyncio.wait_for(told.wait(), 5)
