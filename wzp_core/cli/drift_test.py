"""`wzp drift-test`: whether a tone that a room echoes comes back as long as it was sent."""

from argparse import Namespace
from typing import Final

from wzp_core.cli.output import Exit, Output
from wzp_core.cli.tone import add_flags as add_flags
from wzp_core.cli.tone import returned
from wzp_core.dsp.frame import RATE_HZ

_DRAIN_S: Final = 2.0


async def run(options: Namespace, output: Output) -> Exit:
    echo = await returned(options, output, _DRAIN_S)
    if isinstance(echo, Exit):
        return echo
    if not echo.heard.size:
        output.error(f"Nothing came back: `wzp room {options.room} --echo` has to run somewhere.")
        return Exit.NO_ANSWER
    expected_ms, actual_ms = options.length * 1000.0, echo.heard.size * 1000.0 / RATE_HZ
    output.summary(
        expected_ms=round(expected_ms, 1),
        actual_ms=round(actual_ms, 1),
        drift_ms=round(actual_ms - expected_ms, 1),
        drift_pct=round(100.0 * (actual_ms - expected_ms) / expected_ms, 3),
        frames=echo.total.received,
        lost=echo.total.missed,
        loss_pct=echo.total.loss_pct,
    )
    return Exit.OK
