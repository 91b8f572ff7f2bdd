"""What noise suppression does to real speech, clean and noisy; the scores behind the default setting."""

import numpy as np
import pytest

from tests.audio.scenes import Wave, after_delay, babble, in_frames, narrator, noisy, pesq_wb, power, white
from tests.audio.speech import needs_speech
from wzp_core.dsp.denoise import NoiseSuppression, denoiser
from wzp_core.dsp.frame import Samples, to_samples

pytestmark = needs_speech

OFF, LIGHT, STRONG = NoiseSuppression.OFF, NoiseSuppression.LIGHT, NoiseSuppression.STRONG


def treated(samples: Samples, how: NoiseSuppression) -> Samples:
    used, process = denoiser(how)
    if used is not how:
        pytest.skip(f"no library for the setting {how.value}")
    return samples if process is None else np.concatenate([process(frame) for frame in in_frames(samples)])


def si_sdr_db(clean: Samples, heard: Samples) -> float:
    """Scale-invariant signal to distortion ratio."""
    one, other = (part.astype(float) for part in after_delay(clean, heard))
    target = one * (one @ other) / (one @ one)
    return 10 * float(np.log10(power(target) / power(other - target)))


def speech() -> Wave:
    return np.concatenate(narrator()[:2])


def pesq_at(how: NoiseSuppression, noise: Wave, snr_db: float) -> float:
    return pesq_wb(to_samples(speech()), treated(noisy(speech(), noise, snr_db), how))


def test_light_hardly_touches_clean_speech_strong_does() -> None:
    clean = to_samples(speech())
    light = pesq_wb(clean, treated(clean, LIGHT))
    assert light >= 3.9
    assert light >= pesq_wb(clean, treated(clean, STRONG)) + 0.5  # why strong is not the default


@pytest.mark.parametrize("snr_db", [5, 10, 20])
def test_light_helps_against_steady_noise_and_does_no_harm_among_other_voices(snr_db: int) -> None:
    steady, voices = white(speech().size), babble(speech().size)
    assert pesq_at(LIGHT, steady, snr_db) >= pesq_at(OFF, steady, snr_db) + 0.1
    assert pesq_at(LIGHT, voices, snr_db) >= pesq_at(OFF, voices, snr_db)


def test_strong_improves_very_noisy_speech_much_more() -> None:
    noise = white(speech().size)
    assert pesq_at(STRONG, noise, 5) >= pesq_at(LIGHT, noise, 5) + 0.3
    clean, heard = to_samples(speech()), noisy(speech(), noise, 5)
    assert si_sdr_db(clean, treated(heard, STRONG)) >= si_sdr_db(clean, heard) + 3.5
    assert si_sdr_db(clean, treated(heard, LIGHT)) >= si_sdr_db(clean, heard) + 1.5


@pytest.mark.parametrize(("how", "at_least_db"), [(LIGHT, 8.0), (STRONG, 20.0)])
def test_noise_alone_becomes_quieter(how: NoiseSuppression, at_least_db: float) -> None:
    noise = to_samples(white(192_000) * 300)
    left = treated(noise, how)[96_000:]
    assert 10 * np.log10(power(noise) / power(left)) >= at_least_db
