import numpy as np
import pytest
from scipy.signal import butter, lfilter

from wzp_core.dsp.frame import to_samples
from wzp_core.dsp.highpass import CUTOFF_HZ, HighPass
from wzp_core.errors import ErrorCode, LocalMisuse


def filtered(samples: np.ndarray, size: int = 960) -> np.ndarray:
    stage = HighPass()
    return np.concatenate([stage.process(samples[at : at + size]) for at in range(0, samples.size, size)])


def gain_db(frequency_hz: float) -> float:
    tone = to_samples(10_000 * np.sin(2 * np.pi * frequency_hz * np.arange(96_000) / 48_000))
    passed = filtered(tone)[48_000:].astype(float)
    return float(10 * np.log10(np.mean(passed**2) / np.mean(tone[48_000:].astype(float) ** 2)))


def test_it_is_the_butterworth_filter_of_the_textbook() -> None:
    noise = to_samples(np.random.default_rng(1).standard_normal(48_000) * 5_000)
    expected = lfilter(*butter(2, CUTOFF_HZ, "highpass", fs=48_000), noise.astype(float))
    assert np.abs(filtered(noise) - expected).max() < 0.51


def test_rumble_goes_and_speech_stays() -> None:
    assert gain_db(20) < -23
    assert gain_db(CUTOFF_HZ) == pytest.approx(-3.0, abs=0.1)
    assert gain_db(300) == pytest.approx(0.0, abs=0.1)


def test_direct_current_is_gone_after_a_moment() -> None:
    assert np.abs(filtered(np.full(48_000, 5_000, np.int16))[4_800:]).max() <= 1


def test_frames_of_any_size_give_the_same_sound() -> None:
    noise = to_samples(np.random.default_rng(2).standard_normal(9_600) * 5_000)
    assert np.array_equal(filtered(noise, 480), filtered(noise, 9_600))


@pytest.mark.parametrize("frame", [np.zeros(0, np.int16), np.zeros(500, np.int16), np.zeros(960, np.float32)])
def test_other_lengths_and_types_are_refused(frame: np.ndarray) -> None:
    with pytest.raises(LocalMisuse) as caught:
        HighPass().process(frame)
    assert caught.value.code is ErrorCode.BAD_VALUE
