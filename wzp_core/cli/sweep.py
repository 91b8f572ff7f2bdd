"""`wzp sweep`: what the jitter buffer makes of links, by the least delay it is told to keep. Nothing is sent."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from wzp_core.cli.bench_table import table
from wzp_core.cli.flags import add_common_flags, percent, seconds
from wzp_core.cli.output import Exit, Output
from wzp_core.dsp.frame import FRAME_MS
from wzp_core.media.jitter import JitterBuffer, Missing, Play, Wait

_TARGETS_MS: Final = (0, 20, 50, 100, 200, 400)
_JITTERS_MS: Final = (0, 10, 25, 50, 100)
_SEED: Final = 1
_COLUMNS: Final = (
    ("target_ms", "Least delay ms"),
    ("jitter_ms", "Jitter ms"),
    ("sent", "Sent"),
    ("played", "Played"),
    ("loss_pct", "Lost %"),
    ("latency_ms", "Delay ms"),
    ("underruns", "Underruns"),
    ("overruns", "Overruns"),
)


def add_flags(parser: ArgumentParser) -> None:
    add_common_flags(parser)
    parser.add_argument("--seconds", type=seconds, default=60.0, metavar="S", help="of packets per row (%(default)s)")
    parser.add_argument("--loss", type=percent, default=0.0, metavar="PCT", help="packets lost besides (%(default)s)")


async def run(options: Namespace, output: Output) -> Exit:
    packets = int(options.seconds * 1000 / FRAME_MS)
    rows = [
        swept(target_ms, jitter_ms, options.loss, packets) for jitter_ms in _JITTERS_MS for target_ms in _TARGETS_MS
    ]
    for row in rows:
        output.figures("row", **row)
    output.text(table(rows, _COLUMNS))
    output.figures("summary", rows=len(rows))
    return Exit.OK


def swept(target_ms: int, jitter_ms: int, loss_pct: float, packets: int) -> dict[str, Any]:
    """One row: packets 20 ms apart, over a link whose delay is exponential with that mean."""
    buffer: JitterBuffer[int] = JitterBuffer()
    buffer.floor_ms = float(target_ms)
    coming = list(_arrivals(jitter_ms, loss_pct, packets))[::-1]
    played = underruns = 0
    delays = []
    for tick in range(packets):
        now, pending_ms = tick * FRAME_MS / 1000.0, 0.0
        while coming and coming[-1][0] <= now:
            at, number = coming.pop()
            buffer.push(number & 0xFFFF, number * FRAME_MS, number, at)
        while pending_ms < FRAME_MS:
            match buffer.take(now, pending_ms=pending_ms):
                case Play():
                    played += 1
                    pending_ms += FRAME_MS
                case Missing():
                    pending_ms += FRAME_MS
                case Wait(started=started, fill_ms=fill_ms):
                    underruns += started
                    pending_ms += fill_ms
        delays.append(buffer.delay_ms)
    return {
        "target_ms": target_ms,
        "jitter_ms": jitter_ms,
        "sent": packets,
        "played": played,
        "loss_pct": round(100.0 * buffer.lost / packets, 1),
        "latency_ms": round(float(np.mean(delays)), 1),
        "underruns": underruns,
        "overruns": buffer.discarded,
    }


def _arrivals(jitter_ms: int, loss_pct: float, packets: int) -> Iterator[tuple[float, int]]:
    """Time in s and number, in order of arrival: no packet overtakes another."""
    random, latest = np.random.default_rng(_SEED), 0.0
    for number in range(packets):
        latest = max(latest, (number * FRAME_MS + float(random.exponential(jitter_ms))) / 1000.0)
        if random.random() * 100.0 >= loss_pct:
            yield latest, number
