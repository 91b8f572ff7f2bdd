"""`wzp bench pipeline`: processor time that each 20 ms of sound take on their way out, and in, from up to 16 people."""

import json
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from wzp_core.cli.bench_speech import speech
from wzp_core.cli.bench_table import table
from wzp_core.cli.flags import add_common_flags, seconds
from wzp_core.cli.output import Exit, Output
from wzp_core.codec.libopus import opus_library
from wzp_core.crypto.session import Direction, Opener, Sealer
from wzp_core.dsp.capture import CaptureChain, CaptureSettings
from wzp_core.dsp.denoise import NoiseSuppression
from wzp_core.dsp.frame import FRAME_MS, FRAME_SAMPLES, Samples
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.media.downlink import MOST_STREAMS, Downlink
from wzp_core.media.dred_tuner import Protection
from wzp_core.media.uplink import Uplink
from wzp_core.protocol.media.header import decode_packet, encode_packet
from wzp_core.protocol.profile import CATASTROPHIC, GOOD, STUDIO_64K, QualityProfile

SEND_TARGET_MS: Final = 2.5
RECEIVE_TARGET_MS: Final = 0.5  # for each person heard

_COLUMNS: Final = (
    ("what", "What"),
    ("streams", "Streams"),
    ("mean_ms", "CPU ms per 20 ms"),
    ("each_ms", "of it per stream"),
    ("p99_ms", "p99 ms"),
    ("real_time_pct", "of real time, %"),
    ("target_ms", "Target ms per stream"),
)
_SETTLED: Final = 50  # frames before it counts
_ROOT: Final = bytes(32)
_PATH_S: Final = 0.03
_FRAME_S: Final = FRAME_MS / 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One row."""

    what: str
    streams: int
    mean_ms: float
    each_ms: float
    p99_ms: float
    real_time_pct: float
    target_ms: float


@dataclass
class _Clock:
    """Processor time of this thread, frame by frame: what else the machine does is not in it."""

    spent_ms: list[float] = field(default_factory=list)
    _began: float = 0.0

    def __enter__(self) -> None:
        self._began = time.thread_time()

    def __exit__(self, *_: object) -> None:
        self.spent_ms.append((time.thread_time() - self._began) * 1000)

    def cost(self, what: str, *, target_ms: float, streams: int = 1) -> Cost:
        spent = np.array(self.spent_ms[_SETTLED:])
        mean = float(spent.mean())
        return Cost(
            what=what,
            streams=streams,
            mean_ms=round(mean, 3),
            each_ms=round(mean / streams, 3),
            p99_ms=round(float(np.percentile(spent, 99)), 3),
            real_time_pct=round(mean * 100 / FRAME_MS, 1),
            target_ms=target_ms,
        )


def add_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--seconds", type=seconds, default=20.0, help="of speech per row (%(default)s)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write pipeline.md and pipeline.json there")
    add_common_flags(parser)


async def run(options: Namespace, output: Output) -> Exit:
    """Exit 3 where speech or libopus is missing."""
    rows = []
    try:
        opus_library()
        for measure in _measurements(_in_frames(speech(options.seconds))):
            rows.append(measure())
            output.event("measured", **asdict(rows[-1]))
        if options.out is not None:
            _written(rows, options.out)
    except Unavailable as error:
        output.error(f"Cannot measure: {error.facts.get('missing') or error}")
        return Exit.CANNOT_REACH
    output.text(table(map(asdict, rows), _COLUMNS))
    missed = [row.what for row in rows if row.each_ms > row.target_ms]
    output.summary(rows=len(rows), above_target=missed, out=str(options.out or ""))
    return Exit.OK


def _measurements(frames: Sequence[Samples]) -> list[Callable[[], Cost]]:
    usual = CaptureSettings(high_pass=False, noise_suppression=NoiseSuppression.OFF, automatic_gain=False)
    everything = replace(usual, noise_suppression=NoiseSuppression.STRONG, automatic_gain=True)
    repeats = Protection(20, 20, (1, 2))
    return [
        lambda: sending("send: as set at first", frames, usual),
        lambda: sending("send: noise suppression strong, gain", frames, everything),
        lambda: sending("send: each frame three times, 20 % loss", frames, usual, protection=repeats),
        lambda: sending("send: Studio 64k", frames, usual, STUDIO_64K),
        lambda: sending("send: Codec2 1200 with repairs", frames, usual, CATASTROPHIC),
        lambda: receiving("receive: call", frames),
        lambda: receiving("receive: call, 20 % loss", frames, loss=0.2),
        lambda: receiving("receive: Codec2 1200, 20 % loss", frames, profile=CATASTROPHIC, loss=0.2),
        *(lambda count=count: receiving("receive: room", frames, streams=count) for count in (4, MOST_STREAMS)),
        lambda: receiving("receive: room, levelled, 10 % loss", frames, streams=MOST_STREAMS, loss=0.1),
    ]


def sending(
    what: str,
    frames: Sequence[Samples],
    settings: CaptureSettings,
    profile: QualityProfile = GOOD,
    protection: Protection | None = None,
) -> Cost:
    """From captured samples to sealed datagrams, the other side speaking at the same time."""
    chain, sealer = CaptureChain(settings), Sealer(_ROOT, Direction.TO_CALLEE, now=0.0)
    uplink, clock = Uplink(stream_id=1, seal=sealer.seal, profile=profile), _Clock()
    if protection is not None:
        uplink.protect(protection)
    for tick, frame in enumerate(frames):
        with clock:
            uplink.push(chain.process(frame, frames[-tick]), tick * _FRAME_S, chain.voice)
    uplink.close()
    return clock.cost(what, target_ms=SEND_TARGET_MS)


def receiving(
    what: str, frames: Sequence[Samples], *, profile: QualityProfile = GOOD, streams: int = 1, loss: float = 0.0
) -> Cost:
    """From datagrams to what the speaker plays; one person's are sealed, a room's people say different things."""
    chance, clock = np.random.default_rng(1), _Clock()
    sent = [_sent(frames, profile, number, is_call=streams == 1, protected=loss > 0) for number in range(streams)]
    opener = Opener(_ROOT, Direction.TO_CALLEE)
    downlink = Downlink(opener.open if streams == 1 else lambda datagram, _now: decode_packet(datagram))
    downlink.levelled = streams > 1 and loss > 0
    for tick in range(len(frames)):
        now = tick * _FRAME_S + _PATH_S
        arriving = [datagram for each in sent for datagram in each[tick] if chance.random() >= loss]
        with clock:
            for datagram in arriving:
                downlink.receive(datagram, now)
            downlink.pull(now + _FRAME_S / 2)
    downlink.close()
    return clock.cost(what, target_ms=RECEIVE_TARGET_MS, streams=streams)


def _sent(
    frames: Sequence[Samples], profile: QualityProfile, number: int, *, is_call: bool, protected: bool
) -> list[list[bytes]]:
    """A sender's datagrams, tick by tick; each begins the speech at a place of its own."""
    sealer = Sealer(_ROOT, Direction.TO_CALLEE, now=0.0)
    seal = sealer.seal if is_call else lambda packet, _now: encode_packet(packet)
    uplink = Uplink(stream_id=number + 1, seal=seal, profile=profile)
    if protected:
        uplink.protect(Protection(20, 20, (1, 2)))
    count = len(frames)
    start = number * count // MOST_STREAMS
    sent = [uplink.push(frames[(start + tick) % count], tick * _FRAME_S, True) for tick in range(count)]
    uplink.close()
    return sent


def _in_frames(samples: Samples) -> list[Samples]:
    return list(samples[: samples.size // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES))


def _written(rows: Sequence[Cost], folder: Path) -> None:
    records = [asdict(row) for row in rows]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pipeline.md").write_text(table(records, _COLUMNS), "utf-8")
        (folder / "pipeline.json").write_text(json.dumps(records, indent=1), "utf-8")
    except OSError as error:
        raise Unavailable(ErrorCode.BAD_FILE, path=folder) from error
