import numpy as np
import pytest

from wzp_core.dsp.resample import downsampled, upsampled
from wzp_core.errors import LocalMisuse


def tone(hz: float, rate_hz: int) -> np.ndarray:
    return np.rint(10_000 * np.sin(2 * np.pi * hz * np.arange(rate_hz) / rate_hz)).astype(np.int16)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
def test_a_tone_keeps_its_pitch_phase_and_loudness(rate_hz: int) -> None:
    inner = slice(5_000, -5_000)
    error = upsampled(tone(1000, rate_hz), rate_hz)[inner].astype(int) - tone(1000, 48_000)[inner]
    assert np.abs(error).max() < 20


def test_there_and_back_gives_the_same_sound() -> None:
    original = tone(700, 16_000)
    assert np.abs(downsampled(upsampled(original, 16_000), 16_000).astype(int) - original)[500:-500].max() < 20


def test_what_a_lower_rate_cannot_hold_is_removed_instead_of_folded() -> None:
    assert np.abs(downsampled(tone(12_000, 48_000), 16_000))[500:-500].max() < 10


def test_forty_eight_kilohertz_passes_untouched() -> None:
    samples = tone(440, 48_000)
    assert upsampled(samples, 48_000) is samples


@pytest.mark.parametrize("rate_hz", [0, -8_000, 44_100])
def test_other_rates_are_refused(rate_hz: int) -> None:
    with pytest.raises(LocalMisuse):
        upsampled(tone(440, 8_000), rate_hz)
