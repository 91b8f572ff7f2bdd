"""`wzp bench voice`: how well speech comes through loss and jitter, against plain Opus with a fixed buffer."""

import asyncio
import json
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from wzp_core.cli import bench_pipeline, bench_relay
from wzp_core.cli.bench_link import (
    Carried,
    Link,
    PlainlySent,
    Sent,
    carry,
    carry_plainly,
    protection_for,
    sent,
    sent_plainly,
)
from wzp_core.cli.bench_score import scored
from wzp_core.cli.bench_speech import speech
from wzp_core.cli.bench_table import markdown, plotted
from wzp_core.cli.flags import add_common_flags, count_from, seconds
from wzp_core.cli.output import Exit, Output
from wzp_core.codec.libopus import opus_library
from wzp_core.codec.table import can_encode
from wzp_core.dsp.frame import RATE_HZ
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.media.dred_tuner import Protection
from wzp_core.protocol.profile import GOOD, CodecId, QualityProfile, profile_of

CALL, DRED, NO_DRED = "repeats", "DRED", "no DRED"
REPAIRS, NO_REPAIRS, LIFEBOAT = "repairs", "no repairs", "lifeboat"
PLAIN, PLAIN_NO_FEC = "plain, FEC", "plain, no FEC"
RANDOM: Final = tuple(Link(loss_pct=loss) for loss in range(0, 60, 10))
BURSTS: Final = (*(Link(loss_pct=20, burst=burst) for burst in (2, 4, 10)), Link(loss_pct=13, burst=10))
JITTERS: Final = (Link(jitter_ms=50), Link(jitter_ms=150), Link(loss_pct=10, jitter_ms=150))
SAMPLE: Final = (RANDOM[0], RANDOM[2], BURSTS[1], JITTERS[0])  # for the profiles that are not the default one

_SEED: Final = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """One measurement to make."""

    codec: CodecId
    link: Link
    receiver: str
    """Of Opus CALL as between two of us, DRED as to older peers, NO_DRED, and PLAIN, the yardstick, with FEC or
    without; of Codec2 REPAIRS, NO_REPAIRS, and where it is bundled LIFEBOAT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measurement made."""

    codec: str
    link: str
    loss_pct: int
    burst: int
    jitter_ms: int
    receiver: str
    pesq: float
    stoi: float
    plcmos: float | None  # None without the package speechmos
    delay_ms: float  # from microphone frame to speaker frame, with 20 ms of path
    concealed_pct: float
    rebuilt_pct: float
    kbit_s: float


def add_flags(parser: ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    _add_voice_flags(kinds.add_parser("voice", help="how well speech survives bad links", description=__doc__))
    costs = bench_pipeline.__doc__
    bench_pipeline.add_flags(kinds.add_parser("pipeline", help="what sending and receiving cost", description=costs))
    words = bench_relay.__doc__
    bench_relay.add_flags(kinds.add_parser("relay", help="what the relay's forwarding costs", description=words))


def _add_voice_flags(parser: ArgumentParser) -> None:
    parser.add_argument("--full", action="store_true", help="every profile on every link (an hour of processor time)")
    parser.add_argument("--seconds", type=seconds, default=0.0, help="of speech per measurement (all there is)")
    parser.add_argument("--jobs", type=count_from(1), default=os.cpu_count() or 1, help="processes (%(default)s)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write voice.md, voice.json and pictures there")
    add_common_flags(parser)


async def run(options: Namespace, output: Output) -> Exit:
    """Exit 3 where speech, a codec, a scoring package or a relay is missing."""
    if options.what == "relay":
        return await bench_relay.run(options, output)
    if options.what == "pipeline":
        return await bench_pipeline.run(options, output)
    try:
        speech(options.seconds)
        opus_library()
        rows = await asyncio.to_thread(_collect, grid(full=options.full), options, output)
        if options.out is not None:
            written(rows, options.out)
    except Unavailable as error:
        output.error(f"Cannot measure: {error.facts.get('missing') or error}")
        return Exit.CANNOT_REACH
    output.text(markdown([asdict(row) for row in rows]))
    output.summary(measurements=len(rows), out=str(options.out or ""))
    return Exit.OK


def profiles() -> list[QualityProfile]:
    """All that this machine can encode, best first."""
    known = [profile for codec in CodecId if (profile := profile_of(codec)) is not None and can_encode(profile)]
    return sorted(known, key=lambda profile: (profile.codec.is_opus, _rate(profile.codec)), reverse=True)


def grid(*, full: bool) -> list[Cell]:
    """The measurements to make: all for the default profile and a sample for the others, or all for all."""
    cells = [cell for profile in profiles() for cell in _cells(profile.codec, full=full)]
    return sorted(cells, key=lambda cell: cell.codec is not GOOD.codec)


def measured(cell: Cell, seconds: float = 0.0, seed: int = _SEED) -> Row:
    """Raises Unavailable where speech, a codec or a scoring package is missing."""
    said = speech(seconds)
    carried = _carried(cell, seconds, seed)
    score = scored(said, carried.heard)
    length_ms = carried.heard.size * 1000.0 / RATE_HZ
    return Row(
        codec=cell.codec.wire_name,
        link=cell.link.words,
        **asdict(cell.link),
        receiver=cell.receiver,
        pesq=round(score.pesq, 2),
        stoi=round(score.stoi, 3),
        plcmos=None if score.plcmos is None else round(score.plcmos, 2),
        delay_ms=round(score.delay_ms, 1),
        concealed_pct=round(100.0 * carried.concealed_ms / length_ms, 1),
        rebuilt_pct=round(100.0 * carried.rebuilt_ms / length_ms, 1),
        kbit_s=round(carried.kbit_s, 1),
    )


def _carried(cell: Cell, seconds: float, seed: int) -> Carried:
    if cell.receiver in (PLAIN, PLAIN_NO_FEC):
        told_pct = cell.link.loss_pct if cell.receiver == PLAIN else 0
        return carry_plainly(_sent_plainly(cell.codec, told_pct, seconds), cell.link, seed=seed)
    profile = profile_of(cell.codec) or GOOD
    dred, repeats = cell.receiver in (DRED, CALL), cell.receiver == CALL
    protection = protection_for(profile, cell.link, dred=dred, repeats=repeats)
    return carry(_sent(cell.codec, cell.receiver, protection, seconds), cell.link, seed=seed)


@lru_cache(maxsize=32)  # links differ more than what is sent over them
def _sent(codec: CodecId, receiver: str, protection: Protection, seconds: float) -> Sent:
    lifeboat, protected = receiver == LIFEBOAT, receiver != NO_REPAIRS
    return sent(speech(seconds), profile_of(codec) or GOOD, protection, lifeboat=lifeboat, protected=protected)


@lru_cache(maxsize=32)
def _sent_plainly(codec: CodecId, told_pct: int, seconds: float) -> PlainlySent:
    return sent_plainly(speech(seconds), profile_of(codec) or GOOD, expected_loss_pct=told_pct)


def written(rows: Iterable[Row], folder: Path) -> None:
    """The table for people and for programs, and a picture where matplotlib is there. Raises Unavailable(BAD_FILE)."""
    records = [asdict(row) for row in rows]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "voice.md").write_text(markdown(records), "utf-8")
        (folder / "voice.json").write_text(json.dumps(records, indent=1), "utf-8")
        plotted(records, folder)
    except OSError as error:
        raise Unavailable(ErrorCode.BAD_FILE, path=folder) from error


def _collect(cells: list[Cell], options: Namespace, output: Output) -> list[Row]:
    rows = []
    for row in _measured_all(cells, options.seconds, max(1, options.jobs)):
        output.event("measured", **asdict(row))
        rows.append(row)
    return rows


def _measured_all(cells: list[Cell], seconds: float, jobs: int) -> Iterator[Row]:
    work = partial(measured, seconds=seconds)
    if jobs == 1:
        yield from map(work, cells)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:  # this process has threads
        yield from pool.map(work, cells)


def _cells(codec: CodecId, *, full: bool) -> list[Cell]:
    links: Iterable[Link] = SAMPLE
    if full:
        losses = [
            RANDOM[0],
            *(Link(loss_pct=link.loss_pct, burst=burst) for link in RANDOM[1:] for burst in (1, 2, 4, 10)),
        ]
        links = [Link(link.loss_pct, link.burst, jitter_ms) for jitter_ms in (0, 50, 150) for link in losses]
    elif codec is GOOD.codec:
        links = (*RANDOM, *BURSTS, *JITTERS)
    if not codec.is_opus:
        receivers = [REPAIRS, NO_REPAIRS] if codec is CodecId.CODEC2_3200 else [REPAIRS, NO_REPAIRS, LIFEBOAT]
    elif full or codec is GOOD.codec:
        receivers = [CALL, DRED, NO_DRED, PLAIN, PLAIN_NO_FEC]
    else:
        receivers = [CALL, DRED, PLAIN]
    if DRED in receivers and not opus_library().has_dred:
        receivers = [receiver for receiver in receivers if receiver != DRED]
        receivers = receivers if NO_DRED in receivers else [NO_DRED, *receivers]
    return [Cell(codec, link, receiver) for link in links for receiver in receivers]


def _rate(codec: CodecId) -> float:
    digits = codec.wire_name.removeprefix("Opus").removeprefix("Codec2_").removesuffix("k")
    return float(digits)
