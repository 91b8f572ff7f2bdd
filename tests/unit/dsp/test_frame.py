import numpy as np

from wzp_core.dsp.frame import FRAME_SAMPLES, silence, to_samples


def test_silence_is_twenty_milliseconds_of_zeros_by_default() -> None:
    assert silence().size == FRAME_SAMPLES == 960
    assert not silence().any()


def test_values_are_rounded_and_clipped_instead_of_wrapping() -> None:
    assert to_samples(np.array([0.6, -0.6, 40_000.0, -40_000.0])).tolist() == [1, -1, 32767, -32768]
