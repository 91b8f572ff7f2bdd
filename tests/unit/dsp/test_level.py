import sys

import numpy as np
import pytest

from wzp_core.dsp.frame import FRAME_SAMPLES, Samples, silence, to_samples
from wzp_core.dsp.level import LEAST_DB, MOST_DB, Leveller
from wzp_core.errors import Unavailable


def steady_noise(dbfs: float, frames: int) -> list[Samples]:
    values = np.random.default_rng(1).standard_normal(frames * FRAME_SAMPLES) * 32_768 * 10 ** (dbfs / 20)
    return list(to_samples(values).reshape(frames, FRAME_SAMPLES))


def in_db(gain: float) -> float:
    return float(20 * np.log10(gain))


@pytest.fixture
def certain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A detector that takes everything for speech: the level's part alone."""

    class Detector:
        def __init__(self, *_: object) -> None: ...
        def process(self, _frame: Samples) -> float:
            return 1.0

    monkeypatch.setattr(pytest.importorskip("pywebrtc_audio"), "VoiceDetector", Detector)


@pytest.mark.usefixtures("certain")
@pytest.mark.parametrize(("dbfs", "gain_db"), [(-17, -6), (-23, 0), (-35, 12), (-50, MOST_DB), (-3, LEAST_DB)])
def test_everybody_is_brought_towards_one_level_within_limits(dbfs: float, gain_db: float) -> None:
    leveller = Leveller()
    gains = [leveller.gain(frame) for frame in steady_noise(dbfs, 300)]
    assert in_db(gains[-1]) == pytest.approx(gain_db, abs=0.3)


@pytest.mark.usefixtures("certain")
def test_the_gain_goes_slowly_and_down_faster_than_up() -> None:
    quiet, loud = Leveller(), Leveller()
    up = np.diff([in_db(quiet.gain(frame)) for frame in steady_noise(-40, 50)])
    down = np.diff([in_db(loud.gain(frame)) for frame in steady_noise(-8, 50)])
    assert 0 <= up.max() < 0.13
    assert -0.25 < down.min() < -0.2


@pytest.mark.usefixtures("certain")
@pytest.mark.parametrize("pause", [silence(), steady_noise(-55, 1)[0]], ids=["silence", "background"])
def test_a_pause_changes_nothing(pause: Samples) -> None:
    leveller = Leveller()
    speaking = [leveller.gain(frame) for frame in steady_noise(-30, 200)]
    assert {leveller.gain(pause) for _ in range(500)} == {speaking[-1]}


def test_noise_alone_is_nobody_who_speaks() -> None:
    pytest.importorskip("pywebrtc_audio")
    leveller = Leveller()
    gains = [leveller.gain(frame) for frame in steady_noise(-45, 500)]
    assert abs(in_db(gains[-1])) < 0.5


def test_without_the_detector_there_is_no_leveller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    with pytest.raises(Unavailable):
        Leveller()
