"""Microphone and speaker through PortAudio; the library is loaded when a device is first named or opened."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from wzp_core.dsp.frame import FRAME_SAMPLES, RATE_HZ, Samples
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.ring import SampleRing

_BLOCK_SAMPLES: Final = 480
_SOUND_SERVERS: Final = ("pipewire", "pulse")  # they mix and convert; the bare devices do neither
_SERVER_LATENCY_S: Final = 0.02  # no xruns at three busy processes on two cores; more only adds delay
_DEVICE_LATENCY_S: Final = 0.04
_SILENT_LIMIT_S: Final = 1.0
_START_LIMIT_S: Final = 3.0  # an idle sound server may take 2 s until its first callback
_LEAST_QUEUED: Final = FRAME_SAMPLES + _BLOCK_SAMPLES
_MOST_QUEUED: Final = 4 * FRAME_SAMPLES
_QUEUE_STEP: Final = _BLOCK_SAMPLES // 2

_library_lock = threading.Lock()
_open_devices = 0


@dataclass(frozen=True, slots=True)
class SoundStats:
    """Totals since the device was opened."""

    capture_overflows: int  # captured samples nobody read in time
    playback_underruns: int  # callbacks that had to play silence
    device_xruns: int  # reported by PortAudio


class SoundSystem:
    """An AudioSystem over PortAudio."""

    async def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Inputs and outputs, freshly looked up unless a device is open; raises Unavailable(NO_DEVICE)."""
        return await asyncio.to_thread(_names)

    @asynccontextmanager
    async def open(self, input_name: str = "", output_name: str = "") -> AsyncIterator["SoundDevice"]:
        """Raises Unavailable(NO_DEVICE) where a device is missing, busy or cannot do 48 kHz mono."""
        device = SoundDevice(asyncio.get_running_loop())
        opening = asyncio.ensure_future(asyncio.to_thread(device.start, input_name, output_name))
        try:
            await asyncio.shield(opening)
            yield device
        finally:
            await asyncio.wait([opening])  # a cancelled call must not leave a microphone open
            await asyncio.to_thread(device.stop)


class SoundDevice:
    """Made by `SoundSystem.open`; the callbacks run on PortAudio's threads and touch only the rings."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._captured = SampleRing()
        self._playing = SampleRing()
        self._stirred = asyncio.Event()
        self._streams: list[Any] = []
        self._called_at = [0.0, 0.0]  # capture, playback; monotonic s
        self._started_at = 0.0
        self._device_xruns = 0
        self._seen_underruns = 0
        self._fed = False
        self._queue_goal = _LEAST_QUEUED

    def read(self, count: int) -> Samples | None:
        return self._captured.read(count)

    def wanted(self) -> int:
        """Keeps the ring at a goal that grows a little with every underrun."""
        if self._playing.underruns > self._seen_underruns:
            self._seen_underruns = self._playing.underruns
            self._queue_goal = min(_MOST_QUEUED, self._queue_goal + _QUEUE_STEP)
        return max(0, self._queue_goal - self._playing.available)

    def write(self, samples: Samples) -> None:
        self._playing.write(samples)
        self._fed = True

    async def ready(self) -> None:
        """Returns after the next callback; raises Unavailable(NO_DEVICE) where the streams ended or fell silent."""
        try:
            async with asyncio.timeout(_SILENT_LIMIT_S):
                await self._stirred.wait()
        except TimeoutError:
            pass
        self._stirred.clear()
        self._check_alive()

    def delay_ms(self) -> tuple[float, float]:
        """PortAudio's own estimate of the device plus what waits in the ring."""
        rings = (self._captured.available, self._playing.available)
        latencies = [float(stream.latency) for stream in self._streams] or [0.0, 0.0]
        capture, playback = (
            latency * 1000.0 + waiting * 1000.0 / RATE_HZ for latency, waiting in zip(latencies, rings, strict=True)
        )
        return capture, playback

    def stats(self) -> SoundStats:
        return SoundStats(self._captured.overflows, self._playing.underruns, self._device_xruns)

    def start(self, input_name: str, output_name: str) -> None:
        """Blocks; for a worker thread. Raises Unavailable(NO_DEVICE)."""
        global _open_devices
        with _library_lock, _portaudio() as sd:
            try:
                self._streams.append(sd.RawInputStream(callback=self._on_capture, **_layout(sd, input_name, "input")))
                self._streams.append(
                    sd.RawOutputStream(callback=self._on_playback, **_layout(sd, output_name, "output"))
                )
                self._started_at = time.monotonic()
                for stream in self._streams:
                    stream.start()
            except (sd.PortAudioError, ValueError) as error:
                self._close_streams(sd)
                raise Unavailable(ErrorCode.NO_DEVICE, input=input_name, output=output_name) from error
            _open_devices += 1

    def stop(self) -> None:
        """Blocks; for a worker thread. Harmless where `start` failed."""
        global _open_devices
        if not self._streams:
            return
        with _library_lock, _portaudio() as sd:
            self._close_streams(sd)
            _open_devices -= 1

    def _close_streams(self, sd: Any) -> None:
        for stream in self._streams:
            with suppress(sd.PortAudioError):  # a device that was unplugged cannot be stopped properly
                stream.abort()
            with suppress(sd.PortAudioError):
                stream.close()
        self._streams = []

    def _check_alive(self) -> None:
        now = time.monotonic()
        for stream, called_at in zip(self._streams, self._called_at, strict=True):
            silent_s = now - (called_at or self._started_at)
            in_use = now - self._started_at > _START_LIMIT_S
            if not stream.active or silent_s > (_SILENT_LIMIT_S if in_use else _START_LIMIT_S):
                raise Unavailable(ErrorCode.NO_DEVICE, active=stream.active, silent_s=round(silent_s, 1))

    def _on_capture(self, data: Any, _frames: int, _time: Any, status: Any) -> None:
        self._captured.write(np.frombuffer(data, dtype=np.int16))
        self._called(0, bool(status))

    def _on_playback(self, data: Any, _frames: int, _time: Any, status: Any) -> None:
        out = np.frombuffer(data, dtype=np.int16)
        if self._fed:
            self._playing.fill(out)
        else:
            out[:] = 0
        self._called(1, bool(status))

    def _called(self, side: int, xrun: bool) -> None:
        self._called_at[side] = time.monotonic()
        self._device_xruns += xrun
        with suppress(RuntimeError):  # the loop ended before the device was closed
            self._loop.call_soon_threadsafe(self._stirred.set)


def _layout(sd: Any, name: str, kind: str) -> dict[str, Any]:
    device = _chosen(sd, name, kind)
    by_server = sd.query_devices(device)["name"] in _SOUND_SERVERS
    return {
        "device": device,
        "samplerate": RATE_HZ,
        "channels": 1,
        "dtype": "int16",
        "blocksize": _BLOCK_SAMPLES,
        "latency": _SERVER_LATENCY_S if by_server else _DEVICE_LATENCY_S,
    }


def _names() -> tuple[tuple[str, ...], tuple[str, ...]]:
    with _library_lock, _portaudio() as sd:
        if not _open_devices:  # PortAudio keeps its list from when it was started
            sd._terminate()
            sd._initialize()
        devices = list(sd.query_devices())
    inputs = dict.fromkeys(str(device["name"]) for device in devices if device["max_input_channels"] > 0)
    outputs = dict.fromkeys(str(device["name"]) for device in devices if device["max_output_channels"] > 0)
    return tuple(inputs), tuple(outputs)


def _chosen(sd: Any, name: str, kind: str) -> int:
    """The device of that name, else the sound server, else PortAudio's choice; ValueError where there is none."""
    found = {
        str(device["name"]): int(device["index"])
        for device in reversed(sd.query_devices())
        if device[f"max_{kind}_channels"] > 0
    }
    if name:
        if name not in found:
            raise ValueError(name)
        return found[name]
    for server in _SOUND_SERVERS:
        if server in found:
            return found[server]
    return int(sd.query_devices(kind=kind)["index"])


@contextmanager
def _portaudio() -> Iterator[Any]:
    """The sounddevice module, with what the sound system's libraries print on stderr held back.

    Raises Unavailable(NO_DEVICE) where PortAudio is missing or does not start.
    """
    with _quiet_stderr():
        try:
            import sounddevice
        except OSError as error:
            raise Unavailable(ErrorCode.NO_DEVICE, library="PortAudio") from error
        try:
            yield sounddevice
        except sounddevice.PortAudioError as error:
            raise Unavailable(ErrorCode.NO_DEVICE, library="PortAudio") from error


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    try:
        kept = os.dup(2)
    except OSError:  # a windowed program may have none
        yield
        return
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)
