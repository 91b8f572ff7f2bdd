"""A tone through a device that does not know 48 kHz."""

import numpy as np
import pytest

from wzp_core.io.ring import SampleRing
from wzp_core.io.sound_rate import ConvertedPlayback, RateConverter
from wzp_core.io.sound_side import CaptureSide

TONE_HZ = 1_000


def tone(rate_hz: int, seconds: float) -> np.ndarray:
    return (10_000 * np.sin(2 * np.pi * TONE_HZ / rate_hz * np.arange(round(rate_hz * seconds)))).astype(np.int16)


def assert_pure(samples: np.ndarray, rate_hz: int) -> None:
    """The tone has its loudness, and all else together is 40 dB below."""
    values = samples.astype(np.float64)
    wave = np.exp(-2j * np.pi * TONE_HZ / rate_hz * np.arange(values.size))
    amplitude = 2 * np.mean(values * wave)
    rest = values - np.real(amplitude * np.conj(wave))
    assert abs(amplitude) == pytest.approx(10_000, rel=0.02)
    assert np.sqrt(np.mean(rest**2)) < 100


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 96_000])
def test_a_tone_is_captured_at_the_rate_of_the_device_and_read_at_ours(rate_hz: int) -> None:
    side = CaptureSide(lambda: None)
    side.prepare(rate_hz)
    side.opened("device", 0.0)
    for block in tone(rate_hz, 0.3).reshape(-1, rate_hz // 100):
        side.callback(block.tobytes(), block.size, None, 0)
    captured = side.read(12_000)
    assert captured is not None
    assert_pure(captured[2_400:], 48_000)


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 96_000])
def test_a_tone_in_the_ring_is_played_at_the_rate_of_the_device(rate_hz: int) -> None:
    ring, played = SampleRing(), []
    playback = ConvertedPlayback(ring, rate_hz)
    ring.write(tone(48_000, 0.34))
    for _ in range(30):
        block = np.zeros(rate_hz // 100, np.int16)
        playback.fill(block)
        played.append(block)
    assert ring.underruns == 0
    assert_pure(np.concatenate(played)[rate_hz // 20 :], rate_hz)


def test_a_loud_tone_is_limited_instead_of_wrapping_around() -> None:
    converted = RateConverter(44_100, 48_000).process(np.tile(np.repeat(np.int16([32_767, -32_768]), 50), 40))
    assert converted.max() == 32_767
    assert converted.min() == -32_768
