"""Rooms, noise and pauses around real speech, made the same way every time."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.audio.speech import RECORDING, offset_of
from wzp_core.dsp.frame import FRAME_SAMPLES, RATE_HZ, Samples, to_samples
from wzp_core.dsp.resample import downsampled, upsampled
from wzp_core.io.wav import read_wav

Wave = npt.NDArray[np.float64]

USUAL_RMS = 1_500.0  # -27 dBFS

_FOLDER = Path(RECORDING).parents[1]
_NARRATOR = ("0870", "0880", "0890", "0920", "0930")
_OTHERS = ("goforward.raw", "numbers.raw", "something.raw", "tidigits/dhd.2934z.raw")
_CARDS = tuple(f"cards/00{number}.wav" for number in range(1, 6))


@lru_cache(maxsize=1)
def narrator() -> tuple[Wave, ...]:
    """25 s of one reader with hardly any noise, sentence by sentence."""
    names = [RECORDING.with_name(f"sense_and_sensibility_01_austen_64kb-{number}.wav") for number in _NARRATOR]
    return tuple(at_level(read_wav(name).astype(float)) for name in names)


@lru_cache(maxsize=1)
def others() -> tuple[Wave, ...]:
    """Nine short recordings of other people at their desks."""
    raw = [upsampled(np.fromfile(_FOLDER / name, dtype="<i2"), 16_000) for name in _OTHERS]
    return tuple(at_level(part.astype(float)) for part in [*raw, *(read_wav(_FOLDER / name) for name in _CARDS)])


def at_level(wave: Wave, rms: float = USUAL_RMS) -> Wave:
    return wave * (rms / float(np.sqrt(np.mean(wave**2))))


def white(count: int, seed: int = 3) -> Wave:
    return np.random.default_rng(seed).standard_normal(count)


def babble(count: int, seed: int = 3) -> Wave:
    """Twelve people talking at once."""
    random, sum_ = np.random.default_rng(seed), np.zeros(count)
    sources = [*others(), *narrator()[2:]]
    for _ in range(12):
        order = random.permutation(len(sources))
        voice = np.concatenate([sources[place] for place in order])
        sum_ += np.resize(np.roll(voice, int(random.integers(voice.size))), count)
    return sum_


def noisy(speech: Wave, noise: Wave, snr_db: float) -> Samples:
    return to_samples(speech + at_level(noise, USUAL_RMS * 10 ** (-snr_db / 20)))


def echo(played: Samples, *, delay_ms: int, ppm: float) -> Samples:
    """What a microphone hears of a speaker, 6 dB weaker, in a room of 0.25 s, by a clock faster by `ppm`."""
    count = RATE_HZ // 4
    tail = np.random.default_rng(1).standard_normal(count) * np.exp(-6.9 * np.arange(count) / count) * 0.05
    tail[0] = 1.0
    room = np.concatenate((np.zeros(delay_ms * RATE_HZ // 1000), 0.5 * tail / np.sqrt(np.sum(tail**2))))
    size = 1 << (played.size + room.size).bit_length()
    sound = np.fft.irfft(np.fft.rfft(played.astype(float), size) * np.fft.rfft(room, size), size)
    heard = np.interp(np.arange(played.size) * (1 + ppm * 1e-6), np.arange(size), sound)
    return to_samples(heard + 3 * white(heard.size))


def in_frames(wave: Wave | Samples) -> list[Samples]:
    count = wave.size // FRAME_SAMPLES
    return list(to_samples(np.asarray(wave[: count * FRAME_SAMPLES], float)).reshape(count, FRAME_SAMPLES))


def power(samples: npt.NDArray[np.generic]) -> float:
    return float(np.mean(np.asarray(samples, float) ** 2)) + 1e-3


def after_delay(clean: Samples, heard: Samples) -> tuple[Samples, Samples]:
    """Both without the constant delay of processing, equally long."""
    late = heard[max(0, offset_of(heard, clean)) :]
    return clean[: late.size], late[: clean.size]


def pesq_wb(clean: Samples, heard: Samples) -> float:
    """1…4.64, for processing whose delay does not change."""
    from pesq import pesq

    one, other = (downsampled(part, 16_000) for part in after_delay(clean, heard))
    return float(pesq(16_000, one, other, "wb"))
