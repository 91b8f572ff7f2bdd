import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from wzp_core.dsp.webrtc import AutomaticGain, EchoCanceller, NoiseSuppressor, SpeechProbability
from wzp_core.errors import ErrorCode, LocalMisuse, Unavailable

CALLS: list[Callable[[np.ndarray], Any]] = [
    lambda frame: EchoCanceller().process(frame, frame),
    lambda frame: NoiseSuppressor().process(frame),
    lambda frame: AutomaticGain().process(frame),
    lambda frame: SpeechProbability().of(frame),
]
BAD_FRAMES = [
    np.zeros(0, np.int16),
    np.zeros(500, np.int16),
    np.zeros(480, np.float64),
    np.zeros((2, 480), np.int16),
    np.zeros(48_480, np.int16),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("frame", BAD_FRAMES)
def test_nothing_but_whole_blocks_reaches_the_library(call: Callable[[np.ndarray], Any], frame: np.ndarray) -> None:
    with pytest.raises(LocalMisuse) as caught:
        call(frame)
    assert caught.value.code is ErrorCode.BAD_VALUE


@pytest.mark.parametrize("call", CALLS)
def test_a_part_of_a_larger_array_is_taken_as_it_reads(call: Callable[[np.ndarray], Any]) -> None:
    noise = (np.random.default_rng(1).standard_normal(1_920) * 1_000).astype(np.int16)
    assert np.array_equal(call(noise[::2]), call(noise[::2].copy()))


@pytest.mark.parametrize("kind", [EchoCanceller, NoiseSuppressor, AutomaticGain, SpeechProbability])
def test_a_missing_package_is_told(kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    with pytest.raises(Unavailable) as caught:
        kind()
    assert caught.value.code is ErrorCode.NO_CODEC


def test_a_reference_of_another_length_is_refused() -> None:
    with pytest.raises(LocalMisuse):
        EchoCanceller().process(np.zeros(960, np.int16), np.zeros(480, np.int16))


@pytest.mark.parametrize("delay_ms", [-50, 0, 100_000])
def test_a_hint_that_cannot_be_is_bounded(delay_ms: int) -> None:
    canceller = EchoCanceller(delay_ms)
    assert canceller.process(np.zeros(960, np.int16), np.zeros(960, np.int16)).size == 960
