"""Sound in simulated time: a microphone that hears what the test says, a speaker that remembers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np

from wzp_core.dsp.frame import Samples
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.ports import AudioDevice, SoundStats

RATE = 48_000
FRAME = 960


def tone(hz: float, seconds: float, amplitude: int = 8000) -> Samples:
    t = np.arange(int(RATE * seconds)) / RATE
    return (amplitude * np.sin(2 * np.pi * hz * t)).astype(np.int16)


def loudness(samples: Samples) -> float:
    """RMS."""
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2))) if len(samples) else 0.0


class SimSound:
    """Implements `ports.AudioSystem`; `microphone` loops for ever."""

    def __init__(
        self, microphone: Samples | None = None, *, microphone_ppm: float = 0.0, speaker_ppm: float = 0.0
    ) -> None:
        """ppm: by how much each device's clock is faster than the world's."""
        self.rates = RATE * (1 + microphone_ppm * 1e-6), RATE * (1 + speaker_ppm * 1e-6)
        self.microphone = microphone if microphone is not None else np.zeros(RATE, np.int16)
        self.heard: list[tuple[float, Samples]] = []  # time and what was played then
        self.broken = False
        self.opened = 0
        self.opened_at = 0.0
        self.underruns = 0  # of the open device

    async def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return ("sim microphone",), ("sim speaker",)

    @asynccontextmanager
    async def open(self, input_name: str, output_name: str) -> AsyncIterator[AudioDevice]:
        if self.broken:
            raise Unavailable(ErrorCode.NO_DEVICE)
        self.opened += 1
        self.opened_at = asyncio.get_running_loop().time()
        yield _SimDevice(self)

    def said_since(self, start: float) -> Samples:
        """One turn of what the microphone hears, from then on."""
        return np.roll(self.microphone, -round((start - self.opened_at) * self.rates[0]))

    def heard_since(self, start: float) -> Samples:
        frames = [frame for at, frame in self.heard if at >= start]
        return np.concatenate(frames) if frames else np.zeros(0, np.int16)


class _SimDevice:
    def __init__(self, sound: SimSound) -> None:
        self._sound = sound
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        self._read = self._written = 0

    def _passed(self, rate: float) -> int:
        return round((self._loop.time() - self._start) * rate)

    def read(self, count: int) -> Samples | None:
        if self._passed(self._sound.rates[0]) - self._read < count:
            return None
        places = np.arange(self._read, self._read + count) % len(self._sound.microphone)
        self._read += count
        return self._sound.microphone[places]

    def wanted(self) -> int:
        return max(0, self._passed(self._sound.rates[1]) - self._written)

    def write(self, samples: Samples) -> None:
        self._written += len(samples)
        self._sound.heard.append((self._loop.time(), samples))

    async def ready(self) -> None:
        if self._sound.broken:
            raise Unavailable(ErrorCode.NO_DEVICE)
        await asyncio.sleep(self._next_callback() - self._loop.time())

    def _next_callback(self) -> float:
        """When one of the two sides has moved its next 20 ms, by its own clock."""
        passed = self._loop.time() - self._start + 1e-6
        return self._start + min((int(passed * rate / FRAME) + 1) * FRAME / rate for rate in self._sound.rates)

    def delay_ms(self) -> tuple[float, float]:
        return 0.0, 0.0

    def stats(self) -> SoundStats:
        return SoundStats(playback_underruns=self._sound.underruns)
