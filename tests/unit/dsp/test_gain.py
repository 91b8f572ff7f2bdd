import numpy as np
import pytest

from wzp_core.dsp.gain import Fader, amplified, bent

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
    around = bent(np.arange(24_000, 25_200, 1, dtype=np.float32)).astype(int)
    assert np.diff(around).max() <= 1


def test_a_gain_moves_over_one_frame_and_the_first_frame_has_it_from_the_start() -> None:
    fader, loud = Fader(), np.full(960, 10_000, np.int16)
    assert not fader.process(loud, 0.0).any()
    rising = fader.process(loud, 2.0)
    assert rising[0] == 0
    assert rising[-1] == 20_000
    assert np.diff(rising).max() < 30
    assert (fader.process(loud, 2.0) == 20_000).all()


def test_nobody_pays_for_the_usual_volume() -> None:
    fader, frame = Fader(), np.full(960, 10_000, np.int16)
    assert fader.process(frame, 1.0) is frame
