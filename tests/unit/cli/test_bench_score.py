"""Scores of speech."""

import sys

import numpy as np
import pytest

from wzp_core.cli import bench_score
from wzp_core.cli.bench_score import scored
from wzp_core.cli.bench_speech import SPEECH, speech
from wzp_core.dsp.frame import FRAME_SAMPLES, Samples

needs_speech = pytest.mark.skipif(not SPEECH.is_dir(), reason="needs the package pocketsphinx-testdata")


def with_gaps(said: Samples, share: float) -> Samples:
    torn, chance = said.copy(), np.random.default_rng(1)
    for start in range(0, said.size, FRAME_SAMPLES):
        if chance.random() < share:
            torn[start : start + FRAME_SAMPLES] = 0
    return torn


@needs_speech
def test_listeners_as_a_model_knows_them_mind_gaps_and_say_the_same_twice() -> None:
    pytest.importorskip("speechmos", reason="needs the packages speechmos and onnxruntime")
    said = speech(7.0)
    clean, few, many = (scored(said, with_gaps(said, share)).plcmos for share in (0.0, 0.1, 0.3))
    assert clean is not None
    assert few is not None
    assert many is not None
    assert clean > 4.0 > few + 0.5 > many + 1.0
    assert scored(said, said).plcmos == clean


@needs_speech
def test_without_the_model_there_are_the_other_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "speechmos.plcmos", None)
    bench_score._plcmos_model.cache_clear()
    said = speech(7.0)
    score = scored(said, said)
    bench_score._plcmos_model.cache_clear()
    assert score.plcmos is None
    assert score.pesq > 4.5
