"""`wzp echo-test`: how a tone comes back from a room where `wzp room NAME --echo` listens, five seconds at a time."""

from argparse import Namespace
from statistics import fmean
from typing import Final

from wzp_core.cli.output import Exit, Output
from wzp_core.cli.tone import SILENT_PEAK, Count, Purity, purity, returned
from wzp_core.cli.tone import add_flags as add_flags

_DRAIN_S: Final = 3.0
_FEWEST_WINDOWS: Final = 4  # of which halves can be compared
_MORE_LOSS_PCT: Final = 5.0
_LESS_CORRELATION: Final = 0.1


async def run(options: Namespace, output: Output) -> Exit:
    echo = await returned(options, output, _DRAIN_S)
    if isinstance(echo, Exit):
        return echo
    heard = [purity(echo.part(number)) for number in range(len(echo.windows))]
    for number, (count, pure) in enumerate(zip(echo.windows, heard, strict=True)):
        output.event(
            "window",
            number=number,
            sent=count.sent,
            received=count.received,
            loss_pct=count.loss_pct,
            snr_db=pure.snr_db,
            correlation=pure.correlation,
            peak=pure.peak,
            silent=pure.peak < SILENT_PEAK,
        )
    output.summary(
        verdict=verdict(echo.windows, heard),
        sent=echo.total.sent,
        received=echo.total.received,
        loss_pct=echo.total.loss_pct,
        snr_db=round(fmean(pure.snr_db for pure in heard), 1),
        correlation=round(fmean(pure.correlation for pure in heard), 3),
    )
    if not echo.heard.size:
        output.error(f"Nothing came back: `wzp room {options.room} --echo` has to run somewhere.")
        return Exit.NO_ANSWER
    return Exit.OK


def verdict(windows: tuple[Count, ...], heard: list[Purity]) -> str:
    """silent, short (too few windows to compare), worse (the second half than the first) or stable."""
    if all(pure.peak < SILENT_PEAK for pure in heard):
        return "silent"
    half = len(heard) // 2
    if len(heard) < _FEWEST_WINDOWS:
        return "short"
    more_loss = fmean(w.loss_pct for w in windows[half:]) - fmean(w.loss_pct for w in windows[:half])
    less_tone = fmean(p.correlation for p in heard[:half]) - fmean(p.correlation for p in heard[half:])
    return "worse" if more_loss >= _MORE_LOSS_PCT or less_tone >= _LESS_CORRELATION else "stable"
