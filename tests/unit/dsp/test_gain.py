import numpy as np
import pytest

from wzp_core.dsp.gain import amplified, limited

RAMP = np.arange(-8000, 8000, 20, dtype=np.int16)


def test_a_gain_of_one_changes_nothing() -> None:
    assert np.array_equal(amplified(RAMP, 1.0), RAMP)


def test_quiet_sound_is_scaled_exactly() -> None:
    assert np.array_equal(amplified(RAMP, 2.0), RAMP * 2)
    assert not amplified(RAMP, 0.0).any()


@pytest.mark.parametrize("gain", [4.0, 100.0])
def test_loud_sound_is_bent_without_clipping_flat_or_changing_order(gain: float) -> None:
    loud = amplified(np.arange(-30_000, 30_000, 100, dtype=np.int16), gain).astype(int)
    assert np.abs(loud).max() <= 32767
    assert (np.diff(loud) >= 0).all()


def test_the_curve_has_no_step_at_its_knee() -> None:
    around = limited(np.arange(24_000, 25_200, 1, dtype=np.float32)).astype(int)
    assert np.diff(around).max() <= 1
