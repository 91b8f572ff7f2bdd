"""What the processing costs: a frame has 20 ms, and the whole machine other things to do."""

import time

import numpy as np
import pytest

from tests.audio.scenes import in_frames, narrator, noisy, white
from tests.audio.speech import needs_speech
from wzp_core.dsp.capture import CaptureChain, CaptureSettings
from wzp_core.dsp.denoise import NoiseSuppression

pytestmark = needs_speech


@pytest.mark.parametrize("how", list(NoiseSuppression))
def test_a_frame_is_processed_in_a_fraction_of_its_time(how: NoiseSuppression) -> None:
    chain, spent_s = CaptureChain(CaptureSettings(noise_suppression=how)), []
    talk = np.concatenate(narrator()[:2])
    for frame in in_frames(noisy(talk, white(talk.size), 20)):
        started = time.perf_counter()
        chain.process(frame, frame)
        spent_s.append(time.perf_counter() - started)
    assert np.median(spent_s) < 0.005  # twice what it took on two busy cores
