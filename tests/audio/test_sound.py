"""Real PortAudio on a sound server of our own, whose speaker is its microphone."""

import asyncio
import os
import signal
from collections.abc import Iterator

import numpy as np
import pytest

from tests.audio.sound_server import SoundServer, needs_sound_server, sound_server
from tests.audio.speech import offset_of
from wzp_core.dsp.frame import FRAME_SAMPLES
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.sound import SoundDevice, SoundSystem

pytestmark = needs_sound_server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundServer]:
    with sound_server(monkeypatch) as running:
        monkeypatch.setenv("PULSE_SINK", "A")
        monkeypatch.setenv("PULSE_SOURCE", "A.monitor")
        yield running


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


async def test_sound_goes_out_and_in_without_a_break_and_soon(server: SoundServer) -> None:
    await server.plug("A")
    system = SoundSystem()
    inputs, outputs = await system.names()
    assert "pulse" in inputs
    assert "pulse" in outputs
    async with system.open() as device:
        played, captured, played_then = await echo_of_noise(device, 2.0)
        capture_ms, playback_ms = device.delay_ms()
        stats = device.stats()
    first = len(played_then) // 2  # 0.4 s of sound, well after the start and well before the end
    part = captured[first * FRAME_SAMPLES : (first + 20) * FRAME_SAMPLES]
    delay_ms = (played_then[first + 19] - (offset_of(played, part) + part.size)) / 48.0
    assert 10.0 < delay_ms < 130.0
    assert (stats.device_xruns, stats.capture_overflows) == (0, 0)
    assert stats.playback_underruns <= 3
    assert 0.0 < capture_ms < 80.0
    assert 0.0 < playback_ms < 120.0


async def test_a_device_that_dies_is_noticed(server: SoundServer) -> None:
    await server.plug("A")
    async with SoundSystem().open() as device:
        await echo_of_noise(device, 0.5)
        os.kill(server.pid, signal.SIGKILL)
        with pytest.raises(Unavailable) as caught:
            async with asyncio.timeout(8.0):
                await echo_of_noise(device, 60.0)
    assert caught.value.code is ErrorCode.NO_DEVICE


async def test_devices_that_are_not_there_are_refused(server: SoundServer) -> None:
    with pytest.raises(Unavailable) as caught:
        async with SoundSystem().open("no such microphone", "no such speaker"):
            pass
    assert caught.value.code is ErrorCode.NO_DEVICE


async def test_a_microphone_that_is_not_there_is_silence_and_says_so(server: SoundServer) -> None:
    await server.plug("A")
    async with SoundSystem().open("no such microphone", "") as device:
        assert device.in_use == (None, "pulse")
        _, captured, _ = await echo_of_noise(device, 0.3)
        assert device.delay_ms()[0] is None
    assert 0.2 < captured.size / 48_000 < 0.4
    assert not captured.any()


async def test_looking_for_devices_while_one_is_open_sees_new_ones_and_interrupts_nothing(server: SoundServer) -> None:
    await server.plug("A")
    system = SoundSystem()
    async with system.open() as device:
        await echo_of_noise(device, 0.5)
        before = device.stats()
        server.add_device("new_headset", "A")
        looking = asyncio.ensure_future(system.names())
        await echo_of_noise(device, 0.5)
        assert "new_headset" in (await looking)[1]
        assert device.stats() == before
    async with system.open("pulse", "new_headset") as device:
        assert device.in_use == ("pulse", "new_headset")
