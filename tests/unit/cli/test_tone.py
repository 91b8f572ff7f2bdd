"""How much of a sound is the tone, and what the echo test makes of it."""

import numpy as np
import pytest

from wzp_core.cli.echo_test import verdict
from wzp_core.cli.tone import Count, Purity, purity, tone

GOOD, POOR, NOTHING = Purity(40.0, 1.0, 16_000), Purity(3.0, 0.8, 16_000), Purity(0.0, 0.0, 20)


def window(missed: int = 0) -> Count:
    return Count(250, 250 - missed, 250, missed)


def test_the_tone_itself_is_pure_at_any_loudness_and_phase() -> None:
    assert purity(tone(1.0)).correlation == 1.0
    later = (tone(1.0)[1234:] * 0.1).astype(np.int16)
    assert purity(later).correlation > 0.999
    assert purity(later).snr_db > 35.0


def test_a_jump_in_the_tone_costs_one_block_only() -> None:
    whole = tone(5.0)
    assert purity(np.concatenate((whole[:100_000], whole[100_050:]))).correlation > 0.97


def test_noise_is_not_the_tone() -> None:
    noise = np.random.default_rng(1).normal(0, 3000, 240_000).astype(np.int16)
    assert purity(noise).correlation < 0.1
    mixed = purity((tone(5.0) // 4 + noise).astype(np.int16))
    assert mixed.snr_db == pytest.approx(-0.5, abs=0.5)
    assert purity(noise[:100]) == purity(noise[:0]) == Purity(0.0, 0.0, 0)


def test_the_verdict_compares_the_halves_of_long_tests_only() -> None:
    assert verdict((window(),) * 4, [GOOD] * 4) == "stable"
    assert verdict((window(),) * 4, [GOOD, GOOD, POOR, POOR]) == "worse"
    assert verdict((window(), window(), window(20), window(20)), [GOOD] * 4) == "worse"
    assert verdict((window(),) * 3, [GOOD, GOOD, POOR]) == "short"
    assert verdict((window(),) * 4, [NOTHING] * 4) == "silent"
