"""Real PortAudio on a sound server of our own, whose speaker is its microphone."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from tests.audio.speech import offset_of
from wzp_core.dsp.frame import FRAME_SAMPLES
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.sound import SoundDevice, SoundSystem

pytestmark = pytest.mark.skipif(shutil.which("pulseaudio") is None, reason="needs the package pulseaudio")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The process id of a sound server with one sink that hears itself."""
    folder = Path(tempfile.mkdtemp(prefix="pa-"))  # short: its socket's path is limited
    for name in ("HOME", "XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH", "PULSE_STATE_PATH"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("PULSE_SERVER", f"unix:{folder}/native")
    monkeypatch.setenv("PULSE_SINK", "A")
    monkeypatch.setenv("PULSE_SOURCE", "A.monitor")
    sink = "module-null-sink sink_name=A rate=48000 channels=1 format=s16le"
    command = [
        "pulseaudio",
        "-n",
        "--daemonize=yes",
        "--exit-idle-time=-1",
        "-L",
        "module-native-protocol-unix",
        "-L",
        sink,
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=20)
    pid = int((folder / "pid").read_text())
    yield pid
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


async def echo_of_noise(device: SoundDevice, seconds: float) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """What was played, what was captured, and how much had been played when each captured frame came."""
    random, loop = np.random.default_rng(3), asyncio.get_running_loop()
    played, captured, played_then = [], [], []
    end = loop.time() + seconds
    while loop.time() < end:
        await device.ready()
        while (frame := device.read(FRAME_SAMPLES)) is not None:
            captured.append(frame)
            played_then.append(len(played) * FRAME_SAMPLES)
        while device.wanted() >= FRAME_SAMPLES:
            played.append((random.standard_normal(FRAME_SAMPLES) * 3_000).astype(np.int16))
            device.write(played[-1])
    return np.concatenate(played), np.concatenate(captured), played_then


async def test_sound_goes_out_and_in_without_a_break_and_soon(server: int) -> None:
    system = SoundSystem()
    inputs, outputs = await system.names()
    assert "pulse" in inputs
    assert "pulse" in outputs
    async with system.open() as device:
        played, captured, played_then = await echo_of_noise(device, 3.5)
        capture_ms, playback_ms = device.delay_ms()
        stats = device.stats()
    first = len(played_then) - 30  # 0.4 s of sound, well after the start and well before the end
    part = captured[first * FRAME_SAMPLES : (first + 20) * FRAME_SAMPLES]
    delay_ms = (played_then[first + 19] - (offset_of(played, part) + part.size)) / 48.0
    assert 10.0 < delay_ms < 130.0
    assert (stats.device_xruns, stats.capture_overflows) == (0, 0)
    assert stats.playback_underruns <= 3
    assert 0.0 < capture_ms < 80.0
    assert 0.0 < playback_ms < 120.0


async def test_a_device_that_dies_is_noticed(server: int) -> None:
    async with SoundSystem().open() as device:
        await echo_of_noise(device, 2.0)
        os.kill(server, signal.SIGKILL)
        with pytest.raises(Unavailable) as caught:
            async with asyncio.timeout(8.0):
                await echo_of_noise(device, 60.0)
    assert caught.value.code is ErrorCode.NO_DEVICE


async def test_a_device_that_is_not_there_is_refused(server: int) -> None:
    await SoundSystem().names()
    with pytest.raises(Unavailable) as caught:
        async with SoundSystem().open("no such microphone", ""):
            pass
    assert caught.value.code is ErrorCode.NO_DEVICE
