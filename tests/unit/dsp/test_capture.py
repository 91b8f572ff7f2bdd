import subprocess
import sys

import numpy as np
import pytest

from wzp_core.dsp import rnnoise
from wzp_core.dsp.capture import CaptureChain, CaptureSettings
from wzp_core.dsp.denoise import NoiseSuppression
from wzp_core.dsp.frame import FRAME_SAMPLES, Samples, to_samples
from wzp_core.errors import ErrorCode, LocalMisuse, Unavailable

BYPASSED = CaptureSettings(
    high_pass=False, echo_cancellation=False, noise_suppression=NoiseSuppression.OFF, automatic_gain=False
)
TONE = to_samples(4_000 * np.sin(2 * np.pi * 300 * np.arange(240_000) / 48_000))


def frames(samples: np.ndarray) -> list[np.ndarray]:
    return list(samples.reshape(-1, FRAME_SAMPLES))


def test_with_everything_off_sound_passes_untouched() -> None:
    chain = CaptureChain(BYPASSED)
    for frame in frames(TONE):
        assert np.array_equal(chain.process(frame, frame), frame)


def test_every_stage_may_come_and_go_without_a_click() -> None:
    chain, heard = CaptureChain(BYPASSED), []
    steps = [
        CaptureSettings(automatic_gain=False),
        CaptureSettings(automatic_gain=False, noise_suppression=NoiseSuppression.STRONG),
        BYPASSED,
        CaptureSettings(automatic_gain=False, high_pass=False),
        BYPASSED,
    ]
    for tick, frame in enumerate(frames(TONE)):
        if tick % 20 == 10:
            chain.use(steps[tick // 20 % len(steps)])
        heard.append(chain.process(frame))
    steepest = np.abs(np.diff(TONE.astype(int))).max()
    assert np.abs(np.diff(np.concatenate(heard).astype(int))).max() < 1.4 * steepest


def test_stages_that_stay_keep_what_they_learnt() -> None:
    chain, other = CaptureChain(), CaptureChain()
    noise = to_samples(np.random.default_rng(1).standard_normal(96_000) * 300)
    for tick, frame in enumerate(frames(noise)):
        if tick % 10 == 5:
            chain.use(CaptureSettings())
        assert np.array_equal(chain.process(frame), other.process(frame))


def test_the_recorder_gets_what_went_in_and_came_out_in_step() -> None:
    chain, seen = CaptureChain(), []
    chain.recorder = lambda *tracks: seen.append(tracks)
    played, processed = TONE[::-1].copy(), []
    for frame, reference in zip(frames(TONE), frames(played), strict=True):
        processed.append(chain.process(frame, reference))
    raw, references, out = (np.concatenate(track) for track in zip(*seen, strict=True))
    assert np.array_equal(raw, TONE)
    assert np.array_equal(out, np.concatenate(processed))
    held = int(np.argmax(references != 0)) - int(np.argmax(played != 0))
    assert np.array_equal(references[held:], played[:-held])


def test_silence_is_no_voice_and_a_tone_out_of_it_is() -> None:
    chain = CaptureChain()
    for _ in range(100):
        chain.process(np.zeros(FRAME_SAMPLES, np.int16))
    assert not chain.voice
    chain.process(frames(TONE)[0])
    assert chain.voice


def test_what_a_missing_library_leaves_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise Unavailable(ErrorCode.NO_CODEC, library="rnnoise")

    monkeypatch.setattr(rnnoise, "_library", missing)
    assert CaptureChain(CaptureSettings(noise_suppression=NoiseSuppression.STRONG)).settings == CaptureSettings(
        noise_suppression=NoiseSuppression.LIGHT
    )
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    chain = CaptureChain()
    assert chain.settings == CaptureSettings(
        echo_cancellation=False, noise_suppression=NoiseSuppression.OFF, automatic_gain=False
    )
    assert chain.process(frames(TONE)[0], frames(TONE)[0]).size == FRAME_SAMPLES


@pytest.mark.parametrize(
    ("frame", "reference"),
    [
        (np.zeros(500, np.int16), None),
        (np.zeros(960, np.float32), None),
        (np.zeros(960, np.int16), np.zeros(960, np.float32)),
        (np.zeros(960, np.int16), np.zeros(50_000, np.int16)),
    ],
)
def test_what_is_no_sound_is_refused(frame: Samples, reference: Samples | None) -> None:
    with pytest.raises(LocalMisuse):
        CaptureChain(BYPASSED).process(frame, reference)


def test_importing_loads_no_library() -> None:
    script = (
        "import sys, wzp_core.dsp.capture;"
        "print([name for name in ('pywebrtc_audio', 'samplerate', 'pyrnnoise') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
