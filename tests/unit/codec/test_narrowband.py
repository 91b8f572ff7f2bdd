import numpy as np
import pytest

from wzp_core.codec.narrowband import Downsampler, Upsampler
from wzp_core.dsp.frame import Samples
from wzp_core.errors import LocalMisuse


def tone(hz: float, rate_hz: int, count: int) -> Samples:
    return np.rint(8_000 * np.sin(2 * np.pi * hz * np.arange(count) / rate_hz)).astype(np.int16)


def test_frames_meet_without_a_seam_in_both_directions() -> None:
    wide, narrow = tone(700, 48_000, 9_600), tone(700, 8_000, 1_600)
    down, up = Downsampler(), Upsampler()
    assert np.array_equal(np.concatenate([down(f) for f in wide.reshape(10, 960)]), Downsampler()(wide))
    assert np.array_equal(np.concatenate([up(f) for f in narrow.reshape(10, 160)]), Upsampler()(narrow))


def test_the_speech_band_passes_and_what_would_fold_into_it_does_not() -> None:
    def gain(hz: float) -> float:
        return float(np.abs(Downsampler()(tone(hz, 48_000, 9_600))[100:]).max()) / 8_000

    assert gain(300) == pytest.approx(1.0, abs=0.02)
    assert gain(7_500) < 0.01
    assert gain(12_000) < 0.001


def test_a_tone_comes_back_as_loud_and_a_millisecond_late() -> None:
    wide = tone(400, 48_000, 9_600)
    back = Upsampler()(Downsampler()(wide)).astype(float)
    error = [float(np.abs(back[200 + d : 4_000 + d] - wide[200:4_000]).max()) for d in range(96)]
    assert min(error) < 300
    assert 36 <= error.index(min(error)) <= 48


def test_half_an_output_sample_is_our_own_mistake() -> None:
    with pytest.raises(LocalMisuse):
        Downsampler()(np.zeros(100, np.int16))
