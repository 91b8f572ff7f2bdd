"""A sound server of our own whose devices can be pulled out, with a microphone that hears a tone."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

MISSING = [name for name in ("pulseaudio", "pactl", "pacat", "parec") if shutil.which(name) is None]
needs_sound_server = pytest.mark.skipif(
    bool(MISSING), reason=f"needs the packages pulseaudio and pulseaudio-utils: {MISSING}"
)
# Without rewinds a null sink keeps the pace of real hardware; with them it runs up to 2 s ahead and then stands still.
NULL_SINK = "module-null-sink norewinds=1 rate=48000 channels=1 format=s16le sink_name="
TONE_HZ = 440
_ALSA = "/usr/share/alsa/alsa.conf"
_REST = "R"  # the default until a test chooses: streams on the default device follow it, the tone must not
_CHUNK_S = 0.02
_TONE_CHUNKS = 5


class SoundServer:
    """Made by `sound_server`; devices of ALSA are `headset` (sink S) and `headmic` (what is played to sink M)."""

    def __init__(self, folder: Path) -> None:
        self._devices = folder / "devices.conf"
        self.pid = int((folder / "pid").read_text())
        self._modules: dict[str, str] = {}
        self._players: list[subprocess.Popen[bytes]] = []
        self._tone = folder / "tone.raw"
        wave = 12_000 * np.sin(2 * np.pi * TONE_HZ / 8_000 * np.arange(60 * 8_000))
        self._tone.write_bytes(wave.astype("<i2").tobytes())

    def add_device(self, name: str, pulse_name: str) -> None:
        """Of ALSA; exists before what it names does."""
        with self._devices.open("a") as file:
            file.write(f"pcm.{name} {{ type pulse device {pulse_name} }}\n")

    async def plug(self, sink: str, *, tone: bool = False) -> None:
        """A speaker, or what the microphone hears: the server moves streams to speakers only."""
        module = f"{NULL_SINK}{sink} sink_properties=device.class={'abstract' if tone else 'sound'}"
        self._modules[sink] = await self._pactl("load-module", *module.split())
        if tone:
            layout = ["--raw", "--rate=8000", "--channels=1", "--format=s16le", "--latency-msec=20", str(self._tone)]
            self._play(["pacat", "-d", sink, *layout])

    async def unplug(self, sink: str) -> None:
        """The tone ends with its sink."""
        await self._pactl("unload-module", self._modules.pop(sink))

    async def choose(self, *, source: str, sink: str) -> None:
        """The system's default."""
        await self._pactl("set-default-source", source)
        await self._pactl("set-default-sink", sink)

    def _play(self, command: list[str]) -> None:
        self._players.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))

    async def streams(self) -> tuple[int, int]:
        """How many programs record and play; the tone does not count."""
        recording = await self._pactl("list", "short", "source-outputs")
        playing = await self._pactl("list", "short", "sink-inputs")
        return len(recording.splitlines()), sum(line.endswith("48000Hz") for line in playing.splitlines())

    def close(self) -> None:
        for number in (signal.SIGCONT, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)
        for player in self._players:
            player.kill()
            player.wait()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    async def hears_tone(self, sink: str, limit_s: float) -> float:
        """Seconds until the tone comes out of `sink`, to stay for a while."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        async with self._ear(sink) as ear, asyncio.timeout(limit_s):
            chunks = 0
            while chunks < _TONE_CHUNKS:
                chunk = np.frombuffer(await ear.readexactly(round(48_000 * _CHUNK_S) * 2), np.int16)
                chunks = chunks + 1 if _is_tone(chunk) else 0
        return loop.time() - start - _TONE_CHUNKS * _CHUNK_S

    @asynccontextmanager
    async def _ear(self, sink: str) -> AsyncIterator[asyncio.StreamReader]:
        layout = ["--raw", "--rate=48000", "--channels=1", "--format=s16le", "--latency-msec=20"]
        parec = await asyncio.create_subprocess_exec("parec", "-d", f"{sink}.monitor", *layout, stdout=subprocess.PIPE)
        assert parec.stdout is not None
        try:
            yield parec.stdout
        finally:
            with suppress(ProcessLookupError):
                parec.kill()
            await parec.communicate()

    async def _pactl(self, *words: str) -> str:
        done = await asyncio.to_thread(subprocess.run, ["pactl", *words], capture_output=True, text=True, timeout=5)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def _is_tone(samples: np.ndarray) -> bool:
    """Loud, and mostly at the tone's frequency."""
    values = samples.astype(np.float64)
    power = float(np.mean(values**2))
    part = abs(np.mean(values * np.exp(-2j * np.pi * TONE_HZ / 48_000 * np.arange(values.size)))) ** 2
    return power > 500.0**2 and 2 * part > 0.5 * power


@contextmanager
def sound_server(monkeypatch: pytest.MonkeyPatch, *, moves_streams: bool = False) -> Iterator[SoundServer]:
    """`moves_streams`: from a device that goes to another; else they end with it."""
    folder = Path(tempfile.mkdtemp(prefix="pa-"))  # short: its socket's path is limited
    for name in ("HOME", "XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH", "PULSE_STATE_PATH"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("PULSE_SERVER", f"unix:{folder}/native")
    monkeypatch.setenv("ALSA_CONFIG_PATH", f"{_ALSA}:{folder}/devices.conf")
    for name in ("PULSE_SINK", "PULSE_SOURCE"):
        monkeypatch.delenv(name, raising=False)
    (folder / "daemon.conf").write_text(f"rescue-streams = {'yes' if moves_streams else 'no'}\n")
    monkeypatch.setenv("PULSE_CONFIG", str(folder / "daemon.conf"))
    base = ["pulseaudio", "-n", "--daemonize=yes", "--exit-idle-time=-1", "-L", "module-native-protocol-unix"]
    for command in ([*base, "-L", f"{NULL_SINK}{_REST}"], ["pactl", "set-default-sink", _REST]):
        subprocess.run(command, check=True, capture_output=True, timeout=20)
    server = SoundServer(folder)
    server.add_device("headset", "S")
    server.add_device("headmic", "M.monitor")
    yield server
    server.close()
    shutil.rmtree(folder, ignore_errors=True)
