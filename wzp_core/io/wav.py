"""Files instead of a microphone and a speaker, in real time by the running loop's clock."""

import asyncio
import wave
from collections import deque
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import numpy as np

from wzp_core.dsp.frame import FRAME_MS, FRAME_SAMPLES, RATE_HZ, Samples, silence
from wzp_core.dsp.resample import upsampled
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.ports import SoundStats

_RATES_HZ: Final = (8_000, 16_000, 48_000)
_TICK_S: Final = FRAME_MS / 1000.0
_LONGEST_S: Final = 3_600
_MOST_FED: Final = 10  # frames
_MOST_BEHIND_TICKS: Final = 50  # a loop that stood still for longer is not caught up with


def read_wav(path: Path) -> Samples:
    """A mono 16-bit PCM file of 8, 16 or 48 kHz at 48 kHz; raises Unavailable(BAD_FILE) for any other."""
    try:
        with path.open("rb") as raw, wave.open(raw) as file:
            layout = (file.getnchannels(), file.getsampwidth())
            rate_hz, count = file.getframerate(), file.getnframes()
            if layout != (1, 2) or rate_hz not in _RATES_HZ or count > rate_hz * _LONGEST_S:
                raise Unavailable(ErrorCode.BAD_FILE, path=path, rate_hz=rate_hz, layout=layout, frames=count)
            samples = np.frombuffer(file.readframes(count), dtype="<i2").astype(np.int16)
    except (OSError, EOFError, ValueError, wave.Error) as error:
        raise Unavailable(ErrorCode.BAD_FILE, path=path) from error
    return upsampled(samples, rate_hz)


def write_wav(path: Path, samples: Samples) -> None:
    """48 kHz mono, 16 bits; raises OSError."""
    with wave.open(str(path), "wb") as file:
        _lay_out(file)
        file.writeframes(samples.astype("<i2").tobytes())


class FileAudio:
    """An AudioSystem: `play` is the microphone, silence after its end; `record` gets the speaker, 48 kHz mono."""

    def __init__(self, play: Path | None = None, record: Path | None = None) -> None:
        """Reads `play` at once; raises Unavailable(BAD_FILE)."""
        self._microphone = silence(0) if play is None else read_wav(play)
        self._record = record

    async def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return (), ()

    @asynccontextmanager
    async def open(self, input_name: str = "", output_name: str = "") -> AsyncIterator["FileDevice"]:  # noqa: ARG002
        """Starts playing now; raises Unavailable(BAD_FILE) where the recording cannot be written."""
        with ExitStack() as files:
            speaker = None if self._record is None else _recording(self._record, files)
            yield FileDevice(self._microphone, speaker, asyncio.get_running_loop())


class EchoAudio(FileAudio):
    """An AudioSystem whose microphone hears its speaker: gives back to others what they say."""

    @asynccontextmanager
    async def open(self, input_name: str = "", output_name: str = "") -> AsyncIterator["FileDevice"]:  # noqa: ARG002
        yield EchoDevice()


def _recording(path: Path, files: ExitStack) -> wave.Wave_write:
    try:
        raw = files.enter_context(path.open("wb"))
    except OSError as error:
        raise Unavailable(ErrorCode.BAD_FILE, path=path) from error
    file = files.enter_context(wave.open(raw, "wb"))  # noqa: SIM115  # the stack closes it
    _lay_out(file)
    return file


def _lay_out(file: wave.Wave_write) -> None:
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(RATE_HZ)


class FileDevice:
    """Made by `FileAudio.open`; one frame in and one out per 20 ms, on an absolute schedule."""

    def __init__(self, microphone: Samples, speaker: wave.Wave_write | None, loop: asyncio.AbstractEventLoop) -> None:
        self._microphone = microphone
        self._speaker = speaker
        self._loop = loop
        self._started_at = loop.time()
        self._returned_ticks = 0
        self._read = 0
        self._written = 0

    def read(self, count: int) -> Samples | None:
        if self._elapsed_ticks() * FRAME_SAMPLES - self._read < count:
            return None
        part = self._microphone[self._read : self._read + count]
        self._read += count
        return part if part.size == count else np.concatenate((part, silence(count - part.size)))

    def wanted(self) -> int:
        return max(0, self._elapsed_ticks() * FRAME_SAMPLES - self._written)

    def write(self, samples: Samples) -> None:
        self._written += samples.size
        if self._speaker is not None:
            self._speaker.writeframesraw(samples.astype("<i2").tobytes())

    async def ready(self) -> None:
        """Returns at the next tick that has not been returned for yet."""
        self._returned_ticks = max(self._returned_ticks, self._elapsed_ticks() - 1) + 1
        wait_s = self._started_at + self._returned_ticks * _TICK_S - self._loop.time()
        await asyncio.sleep(max(0.0, wait_s))

    def delay_ms(self) -> tuple[float, float]:
        return 0.0, 0.0

    def stats(self) -> SoundStats:
        return SoundStats()

    def _elapsed_ticks(self) -> int:
        ticks = int((self._loop.time() - self._started_at) / _TICK_S + 1e-6)
        behind = ticks - self._returned_ticks
        if behind > _MOST_BEHIND_TICKS:
            self._started_at += (behind - 1) * _TICK_S
            ticks -= behind - 1
        return ticks


class FedDevice(FileDevice):
    """A microphone that hears what it is fed, frame by frame, and silence while that is nothing."""

    def __init__(self) -> None:
        super().__init__(silence(0), None, asyncio.get_running_loop())
        self._fed: deque[Samples] = deque(maxlen=_MOST_FED)

    def feed(self, frame: Samples) -> None:
        """20 ms; where too much waits, the oldest is dropped."""
        self._fed.append(frame)

    def read(self, count: int) -> Samples | None:
        quiet = super().read(count)
        return quiet if quiet is None or not self._fed else self._fed.popleft()


class EchoDevice(FedDevice):
    """Made by `EchoAudio.open`."""

    def write(self, samples: Samples) -> None:
        super().write(samples)
        self.feed(samples)
