"""Clocks that differ for an hour: two parties' (gaps, stretches, delay) and one's own devices' (echo that is left)."""

import numpy as np
import pytest

from tests.audio.clocks import echo_left, talk

MINUTES = 60


@pytest.mark.parametrize("jitter_ms", [0, 15])
@pytest.mark.parametrize("ppm", [0, 100, -100, 300, -300])
def bench_two_parties(ppm: int, jitter_ms: int) -> None:
    """The receiver's speaker against the sender's microphone."""
    heard = talk(MINUTES * 60, ppm=ppm, jitter_ms=jitter_ms)
    delays = np.array(heard.delays_ms)
    print(
        f"\n{ppm:+5} ppm, {jitter_ms:2} ms jitter, {MINUTES} min: {heard.guessed_ms:.0f} ms guessed, "
        f"{heard.stretches} stretches ({heard.stretched_ms:+.0f} ms), "
        f"delay {delays[:300].mean():.1f} ms at first, {delays[-300:].mean():.1f} at last, {delays.max():.1f} at most"
    )


@pytest.mark.parametrize("ppm", [0, 100, -100, 300, -300])
def bench_echo(ppm: int) -> None:
    """One's own speaker against one's own microphone, 100 ms apart."""
    erle = echo_left(MINUTES, ppm=ppm)
    print(
        f"\n{ppm:+5} ppm: ERLE dB, minute by minute: {' '.join(f'{each:.0f}' for each in erle)}; least {min(erle):.1f}"
    )
