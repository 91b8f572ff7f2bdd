import numpy as np

from wzp_core.dsp.frame import silence
from wzp_core.dsp.mix import mixed, spliced

LOW = np.full(960, 1000, dtype=np.int16)
HIGH = np.full(960, 30_000, dtype=np.int16)


def test_nobody_is_silence() -> None:
    assert np.array_equal(mixed([]), silence())


def test_everybody_is_added_even_beyond_sixteen_bits() -> None:
    assert (mixed([LOW, LOW, HIGH, HIGH.astype(np.float32)]) == 62_000).all()


def test_a_splice_begins_as_one_frame_and_ends_as_the_other_without_a_step() -> None:
    joined = spliced(LOW, HIGH).astype(int)
    assert joined[0] == 1000
    assert joined[-1] > 29_900
    assert np.abs(np.diff(joined)).max() < 40
    assert spliced(np.tile(LOW, 2), np.tile(HIGH, 2)).size == 1920
