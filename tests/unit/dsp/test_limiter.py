import numpy as np
import numpy.typing as npt
import pytest

from wzp_core.dsp.frame import FRAME_SAMPLES
from wzp_core.dsp.limiter import Limiter

FULL = 32_767.0


def sine(dbfs: float, hz: float = 1000.0, frames: int = 100) -> npt.NDArray[np.float32]:
    time = np.arange(frames * FRAME_SAMPLES) / 48_000
    return np.asarray(FULL * 10 ** (dbfs / 20) * np.sin(2 * np.pi * hz * time), np.float32)


def limited(values: npt.NDArray[np.float32], limiter: Limiter | None = None) -> npt.NDArray[np.int32]:
    limiter = limiter or Limiter()
    frames = [limiter.process(frame) for frame in values.reshape(-1, FRAME_SAMPLES)]
    return np.concatenate(frames).astype(np.int32)


def distortion_db(played: npt.NDArray[np.int32], hz: float = 1000.0) -> float:
    """THD+N of the second half."""
    half = played[played.size // 2 :]
    power = np.abs(np.fft.rfft(half * np.hanning(half.size))) ** 2
    place = round(hz * half.size / 48_000)
    wanted = power[place - 4 : place + 5].sum()
    return float(10 * np.log10((power.sum() - wanted) / wanted))


@pytest.mark.parametrize("dbfs", [-60.0, -23.0, -3.0, -1.0])
def test_nothing_happens_below_the_ceiling(dbfs: float) -> None:
    wave = sine(dbfs)
    assert np.array_equal(limited(wave), np.rint(wave))


@pytest.mark.parametrize("dbfs", [0.0, 6.0, 12.0, 24.0])
def test_what_is_too_loud_is_turned_down_not_torn(dbfs: float) -> None:
    played = limited(sine(dbfs))
    assert np.abs(played[FRAME_SAMPLES:]).max() <= 30_000
    assert np.abs(played).max() <= 32_767
    assert distortion_db(played) < -60


def test_a_voice_comes_back_within_a_second_after_a_bang_and_then_exactly() -> None:
    limiter, voice = Limiter(), sine(-20.0, frames=200)
    limited(sine(20.0, frames=10), limiter)
    played = limited(voice, limiter)
    assert np.abs(played[:960]).max() < 0.5 * np.abs(voice).max()
    assert np.abs(played[48_000:49_000]).max() > 0.95 * np.abs(voice).max()
    assert np.array_equal(played[-9600:], np.rint(voice)[-9600:])


def test_the_gain_never_jumps() -> None:
    steady = np.full(FRAME_SAMPLES * 40, 8_000, np.float32)
    steady[FRAME_SAMPLES * 10 + 500 : FRAME_SAMPLES * 10 + 520] = 60_000
    played = limited(steady)
    kept = np.delete(played, np.arange(FRAME_SAMPLES * 10 + 498, FRAME_SAMPLES * 10 + 522))
    assert np.abs(np.diff(kept)).max() < 150
    assert played[FRAME_SAMPLES * 10 + 500] < 32_767
