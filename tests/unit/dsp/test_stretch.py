import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wzp_core.dsp.frame import FRAME_SAMPLES, RATE_HZ, Samples, silence, to_samples
from wzp_core.dsp.meter import rms
from wzp_core.dsp.stretch import LONGEST, SHORTEST, accelerated, expanded

STRETCHES = pytest.mark.parametrize("stretch", [accelerated, expanded])


def voice(hz: float, count: int = FRAME_SAMPLES, start: int = 0) -> Samples:
    """A steady vowel: a fundamental and four overtones."""
    time_s = (np.arange(count) + start) / RATE_HZ
    return to_samples(sum(5_000 / k * np.sin(2 * np.pi * hz * k * time_s + k) for k in range(1, 6)))


def noise(count: int = FRAME_SAMPLES, amplitude: float = 3_000.0) -> Samples:
    return to_samples(np.random.default_rng(1).normal(0.0, amplitude, count))


def fundamental(samples: Samples) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(np.argmax(spectrum) * RATE_HZ / samples.size)


@STRETCHES
@pytest.mark.parametrize("hz", [85.0, 120.0, 210.0, 333.0])
def test_voice_changes_by_whole_periods_within_the_bounds(stretch, hz: float) -> None:
    change = abs(stretch(voice(hz)).size - FRAME_SAMPLES)
    assert SHORTEST <= change <= LONGEST
    periods = change * hz / RATE_HZ
    assert periods == pytest.approx(round(periods), abs=0.05)


def test_accelerating_shortens_and_expanding_lengthens() -> None:
    assert accelerated(voice(120.0)).size < FRAME_SAMPLES < expanded(voice(120.0)).size


@STRETCHES
def test_the_ends_stay_as_they_were(stretch) -> None:
    frame = voice(150.0)
    stretched = stretch(frame)
    assert np.abs(stretched[:100].astype(int) - frame[:100]).max() < 300
    assert np.array_equal(stretched[-SHORTEST:], frame[-SHORTEST:])


@STRETCHES
def test_a_long_vowel_stretched_frame_by_frame_has_no_clicks_and_keeps_its_pitch(stretch) -> None:
    vowel = voice(140.0, 50 * FRAME_SAMPLES)
    frames = vowel.reshape(50, FRAME_SAMPLES)
    stretched = np.concatenate([stretch(frame) for frame in frames])
    assert abs(stretched.size - vowel.size) > 50 * SHORTEST
    assert np.abs(np.diff(stretched.astype(int))).max() <= 1.15 * np.abs(np.diff(vowel.astype(int))).max()
    assert fundamental(stretched) == pytest.approx(140.0, abs=2.0)
    assert rms(stretched) == pytest.approx(rms(vowel), rel=0.05)


@STRETCHES
def test_what_does_not_repeat_is_left_as_it_is(stretch) -> None:
    assert stretch(noise()) is not None
    assert np.array_equal(stretch(noise()), noise())


@STRETCHES
def test_in_haste_it_is_changed_all_the_same_and_as_loud(stretch) -> None:
    changed = stretch(noise(), likeness=0.0)
    assert changed.size != FRAME_SAMPLES
    assert rms(changed) == pytest.approx(3_000.0, rel=0.1)


@STRETCHES
def test_silence_and_murmur_can_always_be_changed(stretch) -> None:
    assert abs(stretch(silence()).size - FRAME_SAMPLES) == LONGEST
    assert not stretch(silence()).any()
    assert stretch(noise(amplitude=30.0)).size != FRAME_SAMPLES


@STRETCHES
def test_less_than_a_frame_is_left_as_it_is(stretch) -> None:
    assert stretch(silence(FRAME_SAMPLES - 1)).size == FRAME_SAMPLES - 1


def test_a_long_frame_is_changed_like_a_short_one() -> None:
    long = voice(120.0, 2 * FRAME_SAMPLES)
    assert SHORTEST <= long.size - accelerated(long).size <= LONGEST


@settings(max_examples=100, deadline=None)
@given(
    arrays(np.int16, st.sampled_from([960, 1_920, 2_880]), elements=st.integers(-32_768, 32_767)),
    st.floats(-1.0, 1.0),
)
def test_whatever_comes_in_lengths_are_bounded_and_nothing_grows_louder(samples: Samples, likeness: float) -> None:
    loudest = int(np.abs(samples.astype(int)).max())
    for stretch in (accelerated, expanded):
        changed = stretch(samples, likeness=likeness)
        assert changed.dtype == np.int16
        assert changed.size == samples.size or SHORTEST <= abs(changed.size - samples.size) <= LONGEST
        assert np.abs(changed.astype(int)).max() <= 1.5 * loudest + 1


def test_a_frame_takes_less_than_a_third_of_a_millisecond() -> None:
    frame = voice(120.0)
    took = []
    for _ in range(50):
        began = time.perf_counter()
        accelerated(frame)
        took.append(time.perf_counter() - began)
    assert sorted(took)[10] < 0.000_3  # the undisturbed ones
