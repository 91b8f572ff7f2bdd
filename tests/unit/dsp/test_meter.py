import numpy as np
import pytest

from wzp_core.dsp.frame import silence
from wzp_core.dsp.meter import dbfs, meter, rms, speech_level


def square(amplitude: int) -> np.ndarray:
    return np.tile(np.array([amplitude, -amplitude], dtype=np.int16), 480)


def test_silence_and_no_samples_at_all_stay_at_the_floor() -> None:
    assert rms(silence(0)) == 0.0
    assert dbfs(silence()) == -60.0
    assert meter(silence()) == 0.0
    assert speech_level(silence()) == 0


def test_full_scale_fills_the_meter() -> None:
    assert meter(square(32767)) == pytest.approx(1.0, abs=0.001)
    assert meter(np.full(960, -32768, dtype=np.int16)) == 1.0
    assert speech_level(square(32767)) == 15


def test_the_meter_is_linear_in_decibels() -> None:
    assert meter(square(1036)) == pytest.approx(0.5, abs=0.001)  # -30 dBFS
    assert speech_level(square(1036)) in (7, 8)
    assert meter(square(10)) == 0.0


def test_loud_frames_do_not_overflow_sixteen_bits() -> None:
    assert rms(square(30_000)) == pytest.approx(30_000)
