"""A tone into a room where `wzp room NAME --echo` gives it back: for the echo and the drift test."""

import asyncio
import tempfile
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from wzp_core.cli.flags import add_engine_flags, seconds
from wzp_core.cli.output import Exit, Output
from wzp_core.cli.room import joined
from wzp_core.cli.session import EngineRun, engine_run
from wzp_core.dsp.frame import RATE_HZ, Samples
from wzp_core.engine.commands import SetMuted
from wzp_core.io.wav import FileAudio, read_wav, write_wav

WINDOW_S: Final = 5.0
SILENT_PEAK: Final = 100
_TONE_HZ: Final = 440.0
_BLOCK: Final = RATE_HZ // 10  # whole periods of the tone
_AMPLITUDE: Final = 16_000
_JOINING_S: Final = 30.0  # the tone begins before we are in the room
_LEAST_NOISE: Final = 1.0  # power
_BEST_SNR_DB: Final = 99.0


@dataclass(frozen=True, slots=True)
class Count:
    """Packets so far; `missed` of `expected` were lost on the way back, as the echo is a voice of its own."""

    sent: int = 0
    received: int = 0
    expected: int = 0
    missed: int = 0

    def since(self, before: "Count") -> "Count":
        return Count(
            self.sent - before.sent,
            self.received - before.received,
            self.expected - before.expected,
            self.missed - before.missed,
        )

    @property
    def loss_pct(self) -> float:
        return round(100.0 * max(0, self.missed) / self.expected, 1) if self.expected > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Echo:
    """What came back: a count for each `WINDOW_S`, and the sound from its first sign on."""

    windows: tuple[Count, ...]
    total: Count
    heard: Samples

    def part(self, number: int) -> Samples:
        """What was heard in one window."""
        count = int(WINDOW_S * RATE_HZ)
        return self.heard[number * count : (number + 1) * count]


@dataclass(frozen=True, slots=True)
class Purity:
    """How much of some sound is the tone."""

    snr_db: float
    correlation: float  # 0 nothing of it … 1 nothing else
    peak: int


def tone(length_s: float) -> Samples:
    """440 Hz at half of full scale."""
    turns = 2.0 * np.pi * _TONE_HZ / RATE_HZ * np.arange(int(length_s * RATE_HZ))
    wave_form: Samples = (_AMPLITUDE * np.sin(turns)).astype(np.int16)
    return wave_form


def purity(heard: Samples) -> Purity:
    """Whatever its phase and loudness, block by block: a jitter buffer stretches what it plays."""
    blocks = heard[: heard.size // _BLOCK * _BLOCK].astype(np.float64).reshape(-1, _BLOCK)
    if not blocks.size:
        return Purity(0.0, 0.0, 0)
    turns = 2j * np.pi * _TONE_HZ / RATE_HZ * np.arange(_BLOCK)
    tone_power = float(np.mean(2.0 * np.abs(np.mean(blocks * np.exp(-turns), axis=1)) ** 2))
    power = float(np.mean(blocks**2))
    noise_power = max(0.0, power - tone_power)
    snr_db = _BEST_SNR_DB
    if noise_power >= _LEAST_NOISE:
        snr_db = min(_BEST_SNR_DB, 10.0 * float(np.log10(max(tone_power, _LEAST_NOISE) / noise_power)))
    return Purity(
        round(snr_db if power else 0.0, 1),
        round(float(np.sqrt(min(1.0, tone_power / power))) if power else 0.0, 3),
        int(np.max(np.abs(blocks))),
    )


def add_flags(parser: ArgumentParser) -> None:
    add_engine_flags(parser)
    parser.add_argument("length", type=seconds, nargs="?", default=30.0, metavar="SECS", help="of tone (%(default)s)")
    parser.add_argument("--room", default="echo", metavar="NAME", help="where somebody echoes (%(default)s)")


async def returned(options: Namespace, output: Output, drain_s: float) -> Echo | Exit:
    """Listens for `drain_s` longer than the tone lasts. An exit code where we could not get into the room."""
    with tempfile.TemporaryDirectory() as folder:
        play, record = Path(folder, "tone.wav"), Path(folder, "heard.wav")
        write_wav(play, tone(options.length + _JOINING_S))
        async with engine_run(options, output, FileAudio(play, record)) as session:
            code = await joined(session, options.room, output)
            if code is not Exit.OK:
                return code
            counts, left = [_count(session)], options.length
            while left > 0.0:
                await asyncio.sleep(min(WINDOW_S, left))
                counts.append(_count(session))
                left -= WINDOW_S
            session.submit(SetMuted(microphone=True))
            await asyncio.sleep(drain_s)
            total = _count(session)
        windows = tuple(after.since(before) for before, after in pairwise(counts))
        return Echo(windows, total, _from_the_first_sign(read_wav(record)))


def _count(session: EngineRun) -> Count:
    room = session.engine.room_session if session.engine is not None else None
    if room is None:
        return Count()
    got = room.stats()
    return Count(room.sent_packets, got.opened, got.expected, got.missed)


def _from_the_first_sign(heard: Samples) -> Samples:
    loud = np.flatnonzero(np.abs(heard.astype(np.int32)) >= SILENT_PEAK)
    return heard[loud[0] : loud[-1] + 1] if loud.size else heard[:0]
