"""Voice activity and automatic gain on real speech."""

import numpy as np
import pytest

from tests.audio.scenes import (
    USUAL_RMS,
    Wave,
    at_level,
    babble,
    in_frames,
    narrator,
    noisy,
    others,
    pesq_wb,
    power,
    white,
)
from tests.audio.speech import needs_speech
from wzp_core.dsp.frame import FRAME_SAMPLES, RATE_HZ, Samples, to_samples
from wzp_core.dsp.level import TARGET_DBFS
from wzp_core.dsp.limiter import Limiter
from wzp_core.dsp.meter import FULL_SCALE
from wzp_core.dsp.mix import mixed
from wzp_core.dsp.voice import VoiceActivity
from wzp_core.dsp.webrtc import AutomaticGain
from wzp_core.media.loudness import Loudness

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


def spoken_dbfs(heard: Wave) -> float:
    """Level without the pauses: of what is within 30 dB of the loudest 20 ms."""
    powers = np.array([power(frame) for frame in in_frames(heard)]) / FULL_SCALE**2
    return float(10 * np.log10(powers[powers > powers.max() / 1000].mean()))


def levelled(talk: Wave) -> Samples:
    loudness, limiter = Loudness(), Limiter()
    frames = [loudness.process(frame, 1.0, levelled=True) for frame in in_frames(np.clip(talk, -32_768, 32_767))]
    return np.concatenate([limiter.process(mixed([frame])) for frame in frames])


def test_loud_and_quiet_people_are_heard_at_one_level_and_as_clear_as_before() -> None:
    levels = []
    for person in (np.concatenate(narrator()), *(np.tile(short, 4) for short in others()[:4])):
        usual = np.resize(person, 25 * RATE_HZ) * 10 ** ((TARGET_DBFS - spoken_dbfs(person)) / 20)
        for talker_db in (6.0, -18.0):
            heard = levelled(usual * 10 ** (talker_db / 20))
            levels.append(spoken_dbfs(heard[12 * RATE_HZ :]))
            if person.size > 20 * RATE_HZ:
                said = to_samples(usual[: heard.size])
                assert pesq_wb(said[12 * RATE_HZ :], heard[12 * RATE_HZ :]) > 4.5
    assert max(levels) - min(levels) < 1.5
    assert abs(np.mean(levels) - TARGET_DBFS) < 1.5


def test_sixteen_people_talking_at_once_at_200_percent_are_not_clipped() -> None:
    voices = [*others(), *narrator()]
    people = [np.resize(np.roll(np.concatenate(voices), place * 177_600), 20 * RATE_HZ) for place in range(16)]
    frames, limiter = [in_frames(voice) for voice in people], Limiter()
    faders = [Loudness() for _ in people]
    heard = np.concatenate(
        [
            limiter.process(
                mixed([fader.process(each, 2.0, levelled=False) for fader, each in zip(faders, at, strict=True)])
            )
            for at in zip(*frames, strict=True)
        ]
    )
    together = np.sum(people, axis=0) * 2
    assert np.abs(together).max() > 1.5 * FULL_SCALE
    assert np.mean(np.abs(heard.astype(int)) > 32_700) < 1e-4
    quieter = to_samples(together[: heard.size] * 30_000 / np.abs(together).max())
    assert pesq_wb(quieter, heard) > 4.4


def test_somebody_turned_up_beyond_full_scale_is_still_clear() -> None:
    talk, limiter = np.concatenate(narrator()), Limiter()
    loud = (talk * 10 ** (18 / 20)).astype(np.float32)
    frames = loud[: loud.size // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    heard = np.concatenate([limiter.process(frame) for frame in frames])
    assert np.abs(loud).max() > 2 * FULL_SCALE
    assert pesq_wb(to_samples(talk[: heard.size]), heard) > 4.4
