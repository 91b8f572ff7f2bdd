"""Voice activity and automatic gain on real speech."""

import numpy as np
import pytest

from tests.audio.scenes import USUAL_RMS, Wave, at_level, babble, in_frames, narrator, noisy, others, power, white
from tests.audio.speech import needs_speech
from wzp_core.dsp.frame import RATE_HZ, to_samples
from wzp_core.dsp.voice import VoiceActivity
from wzp_core.dsp.webrtc import AutomaticGain

pytestmark = needs_speech


def talk_with_pauses() -> Wave:
    """38 s, a third of it pauses of 1.5 s."""
    parts = [narrator()[0], narrator()[1], *others()[:2], *others()[4:6], narrator()[2], others()[3]]
    return np.concatenate([np.zeros(RATE_HZ), *(np.concatenate((part, np.zeros(RATE_HZ * 3 // 2))) for part in parts)])


@pytest.mark.parametrize(
    ("noise", "snr_db", "least_cut"),
    [(white, 60, 0.85), (white, 40, 0.85), (white, 20, 0.9), (white, 10, 0.9), (babble, 20, 0.2), (babble, 10, 0.15)],
)
def test_no_speech_is_cut_and_most_pauses_are(noise: object, snr_db: float, least_cut: float) -> None:
    talk = talk_with_pauses()
    detector = VoiceActivity()
    heard = in_frames(noisy(talk, noise(talk.size), snr_db))  # type: ignore[operator]
    voice = np.array([detector.is_speech(frame) for frame in heard])
    energy = np.array([power(frame) - 1e-3 for frame in in_frames(talk)])
    kept = energy[voice].sum() / energy.sum()
    cut = 1 - voice[energy == 0].mean()
    assert kept >= 0.99
    assert cut >= least_cut


@pytest.mark.parametrize("rms", [150.0, 400.0, USUAL_RMS, 5_000.0])
def test_everybody_is_brought_to_one_loudness_and_nothing_clips(rms: float) -> None:
    talk = to_samples(np.clip(at_level(np.concatenate(narrator()), rms), -32_000, 32_000))
    gain = AutomaticGain()
    out = np.concatenate([gain.process(frame) for frame in in_frames(talk)])
    assert 2_000 < power(out[8 * RATE_HZ :]) ** 0.5 < 7_000
    assert np.abs(out.astype(int)).max() < 32_700


def test_noise_alone_is_not_made_loud() -> None:
    gain = AutomaticGain()
    noise = to_samples(white(10 * RATE_HZ) * 100)
    out = np.concatenate([gain.process(frame) for frame in in_frames(noise)])
    assert power(out[5 * RATE_HZ :]) ** 0.5 < 200


def test_two_people_heard_are_levelled_each_for_themselves() -> None:
    quiet, loud = AutomaticGain(), AutomaticGain()
    for frame in in_frames(np.concatenate(narrator())):
        quiet.process((frame // 10).astype(np.int16))
        loud.process(frame)
    assert quiet.gain_db > loud.gain_db + 12
