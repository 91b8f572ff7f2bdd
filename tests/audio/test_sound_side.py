"""How much waits for the speaker: more after a gap, less again when all has been well for a while."""

import numpy as np

from wzp_core.dsp.frame import FRAME_SAMPLES, RATE_HZ
from wzp_core.io.sound_side import BLOCK_S, PlaybackSide

BLOCK_BYTES = round(RATE_HZ * BLOCK_S) * 2
LATENCY_S = 0.02


def play(side: PlaybackSide, seconds: float) -> None:
    """Feeds the speaker in time, as the engine does."""
    for _ in range(round(seconds / BLOCK_S)):
        while side.wanted() >= FRAME_SAMPLES:
            side.write(np.ones(FRAME_SAMPLES, np.int16))
        side.callback(bytearray(BLOCK_BYTES), 0, None, None)


def starve(side: PlaybackSide, blocks: int) -> None:
    """The engine does not come to feed the speaker for so long after what was queued is played."""
    before = side.underruns
    while side.underruns < before + blocks:
        side.callback(bytearray(BLOCK_BYTES), 0, None, None)
        side.wanted()


def opened() -> PlaybackSide:
    side = PlaybackSide(lambda: None)
    side.prepare(RATE_HZ)
    side.opened("speaker", LATENCY_S)
    return side


def queued_ms(side: PlaybackSide) -> float:
    delay_ms = side.delay_ms
    assert delay_ms is not None
    return delay_ms - LATENCY_S * 1000


def test_after_a_gap_more_is_queued_so_that_the_next_one_as_long_is_not_heard() -> None:
    side = opened()
    play(side, 1.0)
    starve(side, 5)
    play(side, 1.0)
    after_first = side.underruns
    for _ in range(5):
        side.callback(bytearray(BLOCK_BYTES), 0, None, None)
    assert side.underruns == after_first


def test_what_is_queued_stays_bounded_and_shrinks_again_when_there_is_no_gap() -> None:
    side = opened()
    play(side, 1.0)
    starve(side, 100)
    before = side.underruns
    play(side, 1.0)
    assert 80.0 < queued_ms(side) <= 120.0
    play(side, 300.0)
    assert queued_ms(side) <= 30.0
    assert side.underruns == before
