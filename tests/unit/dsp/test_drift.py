import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wzp_core.dsp.drift import LIMIT_PPM, DriftController, DriftCorrector
from wzp_core.dsp.frame import FRAME_SAMPLES, to_samples
from wzp_core.errors import ErrorCode, LocalMisuse, Unavailable

TARGET = 2 * FRAME_SAMPLES
TEN_MINUTES = 30_000  # frames


@settings(max_examples=12, deadline=None)
@given(
    ppm=st.floats(-150, 150), seed=st.integers(0, 1 << 30), start=st.integers(FRAME_SAMPLES + 480, 3 * FRAME_SAMPLES)
)
def test_a_ring_of_80_ms_never_runs_dry_nor_over_in_ten_minutes(ppm: float, seed: int, start: int) -> None:
    jitter = np.random.default_rng(seed).integers(-480, 481, TEN_MINUTES)  # of both devices' callbacks
    controller, fill = DriftController(TARGET), float(start)
    for step in range(TEN_MINUTES):
        seen = fill + jitter[step]
        assert 0 < seen - FRAME_SAMPLES < 4 * FRAME_SAMPLES - FRAME_SAMPLES
        longer = controller.ppm(int(seen), 0.02)
        assert abs(longer) <= LIMIT_PPM
        fill += FRAME_SAMPLES * (longer - ppm) * 1e-6
    assert fill == pytest.approx(TARGET, abs=480)
    assert controller.learnt_ppm == pytest.approx(ppm, abs=20)


def test_a_tone_keeps_its_pitch_and_its_purity() -> None:
    tone = to_samples(8_000 * np.sin(2 * np.pi * 440 * np.arange(480_000) / 48_000))
    corrector, fill, out = DriftCorrector(TARGET), float(TARGET), []
    for at in range(0, tone.size, FRAME_SAMPLES):
        frame = corrector.process(tone[at : at + FRAME_SAMPLES], int(fill))
        fill += frame.size - FRAME_SAMPLES * (1 + 150e-6)
        out.append(frame)
    sound = np.concatenate(out)[-240_000:] * np.hanning(240_000)
    spectrum = np.abs(np.fft.rfft(sound))
    peak = int(spectrum.argmax())
    assert peak * 48_000 / 240_000 == pytest.approx(440, rel=300e-6)
    beside = np.concatenate((spectrum[: peak - 50], spectrum[peak + 50 :]))
    assert 20 * np.log10(spectrum[peak] / beside.max()) > 70


def test_without_a_difference_nothing_is_added_or_lost_but_what_the_resampler_holds() -> None:
    corrector = DriftCorrector(TARGET)
    sizes = [corrector.process(np.zeros(FRAME_SAMPLES, np.int16), TARGET).size for _ in range(50)]
    assert 0 <= 50 * FRAME_SAMPLES - sum(sizes) <= 24  # half a millisecond


def test_a_ring_far_from_its_target_says_nothing_about_the_clocks() -> None:
    controller = DriftController(TARGET)
    for _ in range(3_000):
        assert controller.ppm(10 * TARGET, 0.02) == -LIMIT_PPM
    assert controller.learnt_ppm == 0.0


def test_what_is_no_second_of_sound_is_refused() -> None:
    with pytest.raises(LocalMisuse):
        DriftCorrector(TARGET).process(np.zeros(48_001, np.int16), TARGET)


def test_a_missing_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "samplerate", None)
    with pytest.raises(Unavailable) as caught:
        DriftCorrector(TARGET)
    assert caught.value.code is ErrorCode.NO_CODEC
