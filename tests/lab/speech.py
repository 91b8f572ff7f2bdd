"""What is said in the laboratory's calls, and whether a recording holds it."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.audio.speech import speech
from wzp_core.dsp.frame import RATE_HZ, Samples
from wzp_core.errors import Unavailable
from wzp_core.io.wav import read_wav, write_wav

_DOWN = 6  # to 8 kHz: what every codec carries
_LOW_RATE = RATE_HZ // _DOWN
_WINDOW_S = 1.0
_LIKENESS = 0.4  # of one second of Opus to what was said; other speech stays below 0.25
_ROUNDS = 16  # of the seven seconds


def write_voices(folder: Path) -> tuple[Path, Path]:
    """What the caller says, and what the callee says: the same backwards, so that nobody hears an echo as an answer."""
    said = np.concatenate(speech())
    paths = folder / "caller.wav", folder / "callee.wav"
    for path, samples in zip(paths, (said, said[::-1]), strict=True):
        write_wav(path, np.tile(samples, _ROUNDS))
    return paths


def holds(recording: Path, said: Path) -> bool:
    """Some second of the recording is a second of what was said."""
    try:
        heard = _low(read_wav(recording))
    except Unavailable:  # no recording or half a header: nothing was heard
        return False
    voice = _low(read_wav(said))[: 7 * _LOW_RATE + _LOW_RATE]
    size = int(_WINDOW_S * _LOW_RATE)
    return any(likeness(heard[at : at + size], voice) > _LIKENESS for at in range(0, heard.size - size + 1, size // 2))


def likeness(part: npt.NDArray[np.float64], whole: npt.NDArray[np.float64]) -> float:
    """The best normalised correlation of the part with any place of the whole; 0 for silence."""
    energy = float(np.dot(part, part))
    if energy < 1e4 * part.size:
        return 0.0
    length = 1 << (part.size + whole.size).bit_length()
    found = np.fft.irfft(np.fft.rfft(whole, length) * np.conj(np.fft.rfft(part, length)), length)
    squares = np.concatenate(([0.0], np.cumsum(whole * whole)))
    places = whole.size - part.size
    around = squares[part.size : part.size + places] - squares[:places]
    return float(np.max(found[:places] / np.sqrt(energy * np.maximum(around, energy * 0.01))))


def _low(samples: Samples) -> npt.NDArray[np.float64]:
    whole = samples.astype(float)[: samples.size // _DOWN * _DOWN]
    return np.asarray(whole.reshape(-1, _DOWN).mean(axis=1), dtype=np.float64)
