"""Clocks that differ for an hour: two parties' (gaps, stretches, delay) and one's own devices' (echo that is left)."""

import numpy as np
import pytest

from tests.audio.clocks import echo_left, talk

MINUTES = 60
LEAST_ERLE_DB = 25.0
SETTLED_S = 2
MOST_GROWTH_MS = 5.0

pytestmark = pytest.mark.timeout(3600)  # one or two minutes each, of a free core


@pytest.mark.parametrize("ppm", [100, -100, 0, 300, -300])
def bench_echo(ppm: int) -> None:
    """One's own speaker against one's own microphone, 100 ms apart."""
    parts = [SETTLED_S, 5, 10, *range(60, MINUTES * 60 + 1, 60)]
    began_s, erle = 0, list[float]()
    for end_s, db in zip(parts, echo_left(parts, ppm=ppm), strict=True):
        erle.append(db)
        if end_s <= 60 or end_s % 600 == 0:
            print(f"\n{ppm:+5} ppm, {began_s} to {end_s} s: ERLE {db:.1f} dB", end="", flush=True)
        began_s = end_s
    print(f"\n{ppm:+5} ppm, from {SETTLED_S} s to {MINUTES} min: ERLE at least {min(erle[1:]):.1f} dB")
    assert min(erle[1:]) >= LEAST_ERLE_DB


@pytest.mark.parametrize("jitter_ms", [0, 15])
@pytest.mark.parametrize("ppm", [100, -100, 0, 300, -300])
def bench_two_parties(ppm: int, jitter_ms: int) -> None:
    """The receiver's speaker against the sender's microphone."""
    heard = talk(MINUTES * 60, ppm=ppm, jitter_ms=jitter_ms)
    delays = np.array(heard.delays_ms)
    first, last = float(delays[:300].mean()), float(delays[-300:].mean())
    print(
        f"\n{ppm:+5} ppm, {jitter_ms:2} ms jitter, {MINUTES} min: {heard.guessed_ms:.0f} ms guessed, "
        f"{heard.stretches} stretches ({heard.stretched_ms:+.0f} ms), "
        f"delay {first:.1f} ms at first, {last:.1f} at last, {delays.max():.1f} at most",
        flush=True,
    )
    assert last <= first + MOST_GROWTH_MS
    assert heard.guessed_ms + heard.stretched_ms == pytest.approx(ppm * MINUTES * 60e-3, abs=100)
