from itertools import pairwise

import numpy as np

from wzp_core.codec.conceal import Remedy, audible, faded, remedy

LOUD = np.full(960, 10_000, dtype=np.int16)


def test_deep_redundancy_comes_first_as_far_as_it_reaches() -> None:
    assert remedy(distance=1, frame_samples=960, dred_reach=960, has_fec=True) is Remedy.DRED
    assert remedy(distance=5, frame_samples=960, dred_reach=4800, has_fec=False) is Remedy.DRED
    assert remedy(distance=6, frame_samples=960, dred_reach=4800, has_fec=False) is Remedy.PLC


def test_in_band_redundancy_is_only_about_the_packet_before() -> None:
    assert remedy(distance=1, frame_samples=960, dred_reach=0, has_fec=True) is Remedy.FEC
    assert remedy(distance=2, frame_samples=960, dred_reach=0, has_fec=True) is Remedy.PLC


def test_with_nothing_to_go_by_it_is_guessed() -> None:
    assert remedy(distance=1, frame_samples=960, dred_reach=0, has_fec=False) is Remedy.PLC
    assert remedy(distance=129, frame_samples=1, dred_reach=100_000, has_fec=False) is Remedy.PLC


def test_guesses_stay_whole_for_three_frames_and_end_in_silence_after_eight() -> None:
    ends = [int(faded(LOUD, run)[-1]) for run in range(9)]
    assert ends[:3] == [10_000] * 3
    assert all(later < earlier for earlier, later in pairwise(ends[2:8]))
    assert ends[8] == 0
    assert [audible(run) for run in (0, 7, 8, 1000)] == [True, True, False, False]


def test_fading_is_seamless_from_frame_to_frame() -> None:
    sound = np.concatenate([faded(LOUD, run) for run in range(9)]).astype(int)
    assert np.abs(np.diff(sound)).max() <= 4
    long_frames = np.concatenate([faded(np.tile(LOUD, 2), run) for run in range(0, 10, 2)]).astype(int)
    assert np.abs(np.diff(long_frames)).max() <= 4
