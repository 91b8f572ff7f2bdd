"""The echo of real speech, from devices near and far and with clocks that differ."""

import numpy as np
import pytest

from tests.audio.scenes import USUAL_RMS, at_level, echo, in_frames, narrator, others, pesq_wb, power
from tests.audio.speech import needs_speech, offset_of
from wzp_core.dsp.capture import CaptureChain, CaptureSettings
from wzp_core.dsp.denoise import NoiseSuppression
from wzp_core.dsp.frame import FRAME_SAMPLES, RATE_HZ, Samples, silence, to_samples

pytestmark = needs_speech

ECHO_ONLY = CaptureSettings(noise_suppression=NoiseSuppression.OFF, automatic_gain=False)


def cleaned(
    microphone: Samples, played: Samples, *, ppm: float = 0.0, burst: int = 1, chain: CaptureChain | None = None
) -> Samples:
    """The speaker takes a frame whenever its own clock has come so far, given on every `burst` captured frames."""
    chain = chain or CaptureChain(ECHO_ONLY)
    out, given = [], 0
    for tick, frame in enumerate(in_frames(microphone)):
        due = int((tick + burst) * FRAME_SAMPLES * (1 + ppm * 1e-6)) if tick % burst == 0 else given
        out.append(chain.process(frame, played[given:due]))
        given = max(given, due)
    return np.concatenate(out)


def erle_db(microphone: Samples, out: Samples, since_s: float, until_s: float) -> float:
    part = slice(int(since_s * RATE_HZ), int(until_s * RATE_HZ))
    return 10 * float(np.log10(power(microphone[part]) / power(out[part])))


def far_end() -> Samples:
    return to_samples(np.concatenate(narrator()))


@pytest.mark.parametrize(
    ("delay_ms", "ppm", "burst"),
    [(100, 100, 1), (100, -100, 1), (40, 150, 1), (100, 0, 3), (300, 100, 2)],
)
def test_an_echo_is_gone_within_two_seconds_and_stays_away(delay_ms: int, ppm: float, burst: int) -> None:
    played = far_end()
    microphone = echo(played, delay_ms=delay_ms, ppm=ppm)
    out = cleaned(microphone, played, ppm=ppm, burst=burst)
    for since_s, until_s in ((1, 2), (2, 5), (5, 10), (10, 20)):
        assert erle_db(microphone, out, since_s, until_s) >= 25


def test_somebody_near_is_heard_as_they_spoke() -> None:
    near = to_samples(np.concatenate(narrator()[:2]))
    out = cleaned(near, silence(near.size))
    assert pesq_wb(near, out) >= 4.0
    assert 0 < offset_of(out, near) / 48.0 < 12.0


def test_somebody_near_is_heard_after_the_other_side_has_spoken() -> None:
    played = to_samples(np.concatenate((*narrator()[:2], np.zeros(7 * RATE_HZ))))
    near = np.zeros(played.size)
    speech = at_level(np.concatenate(others()[1:3]))
    start = played.size - 7 * RATE_HZ + RATE_HZ
    near[start : start + speech.size] = speech[: near.size - start]
    microphone = to_samples(near + echo(played, delay_ms=100, ppm=50))
    out = cleaned(microphone, played, ppm=50)
    assert pesq_wb(to_samples(near[start:]), out[start:]) >= 3.5


def test_an_echo_that_starts_anew_after_a_pause_is_still_known() -> None:
    speech = to_samples(np.concatenate(narrator()[:1]))
    played = np.concatenate((speech, silence(2 * RATE_HZ), speech))
    microphone, chain, out = echo(played, delay_ms=100, ppm=0), CaptureChain(ECHO_ONLY), []
    paused = range(speech.size // FRAME_SAMPLES + 10, (speech.size + 2 * RATE_HZ) // FRAME_SAMPLES)
    for tick, (frame, reference) in enumerate(zip(in_frames(microphone), in_frames(played), strict=True)):
        out.append(chain.process(frame, None if tick in paused else reference))  # the speaker was closed meanwhile
    again_s = (speech.size + 2 * RATE_HZ) / RATE_HZ
    assert erle_db(microphone, np.concatenate(out), again_s, again_s + 1) >= 25


def test_echo_removal_that_is_switched_on_in_mid_call_works_as_well() -> None:
    played = far_end()
    microphone = echo(played, delay_ms=100, ppm=0)
    chain = CaptureChain(CaptureSettings(echo_cancellation=False, noise_suppression=NoiseSuppression.OFF))
    cleaned(microphone[: 5 * RATE_HZ], played[: 5 * RATE_HZ], chain=chain)
    chain.use(ECHO_ONLY)
    out = cleaned(microphone[5 * RATE_HZ :], played[5 * RATE_HZ :], chain=chain)
    assert erle_db(microphone[5 * RATE_HZ :], out, 2, 8) >= 25
    assert power(microphone) > (USUAL_RMS / 8) ** 2
