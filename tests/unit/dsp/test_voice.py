import sys

import numpy as np
import pytest

from wzp_core.dsp.frame import FRAME_MS, FRAME_SAMPLES, silence
from wzp_core.dsp.voice import HANGOVER_MS, VoiceActivity

LOUD = (np.random.default_rng(1).standard_normal(FRAME_SAMPLES) * 1_000).astype(np.int16)


def quiet(frames: int, level: float = 20.0) -> list[np.ndarray]:
    noise = np.random.default_rng(2).standard_normal((frames, FRAME_SAMPLES)) * level
    return list(noise.astype(np.int16))


@pytest.fixture(params=["with the library", "without"])
def voice(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> VoiceActivity:
    if request.param == "without":
        monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    return VoiceActivity()


def test_silence_is_no_speech(voice: VoiceActivity) -> None:
    assert [voice.is_speech(silence()) for _ in range(100)][20:] == [False] * 80


def test_steady_noise_is_no_speech(voice: VoiceActivity) -> None:
    assert [voice.is_speech(frame) for frame in quiet(200)][100:] == [False] * 100


def test_a_sudden_sound_counts_at_once_and_some_time_longer(voice: VoiceActivity) -> None:
    for frame in quiet(200):
        voice.is_speech(frame)
    assert voice.is_speech(LOUD)
    after = [voice.is_speech(frame) for frame in quiet(100)]
    held = after.index(False)
    assert HANGOVER_MS // FRAME_MS <= held <= HANGOVER_MS // FRAME_MS + 10
    assert not any(after[held:])


def test_noise_that_becomes_louder_for_good_is_background_after_a_while(voice: VoiceActivity) -> None:
    for frame in quiet(200):
        voice.is_speech(frame)
    assert [voice.is_speech(frame) for frame in quiet(400, level=200.0)][300:] == [False] * 100
