"""What of a known voice a recording holds, second by second, and how much later it was heard."""

import subprocess
import warnings
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wzp_core.dsp.resample import downsampled
from wzp_core.io.wav import read_wav

_RATE = 16_000
_HOP = _RATE // 100  # one look each 10 ms
_EDGES_HZ = np.geomspace(200, 3400, 13)  # what every codec carries, vocoders too
_WINDOW, _STEP = 100, 25  # looks
_LONGEST_DELAY = 400  # looks
_LIKENESS = 0.5  # of envelopes; other speech of the same voice stays below
_SPOKEN = 200.0  # RMS of a window in which somebody speaks
_PIECE_S = 6

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Heard:
    """Of one side, from `since` to the end of its recording."""

    share: float  # of the quarter seconds in which the other spoke
    gaps: tuple[tuple[float, float], ...]  # begin and length in s, of whole windows not heard
    delays_ms: tuple[float, ...]
    stoi: float
    pesq: float

    @property
    def longest_gap_s(self) -> float:
        return max((length for _, length in self.gaps), default=0.0)


def began_at(recording: Path) -> float:
    """When the file, and with it its phone's sound, began; s since the epoch."""
    return float(
        subprocess.run(["stat", "-c", "%.W", str(recording)], capture_output=True, text=True, check=True).stdout
    )


def judge(recording: Path, said: Path, *, said_since: float, since: float) -> Heard:
    """`said_since` is when the other phone began to play `said`; both times in s since the epoch."""
    heard, voice = (downsampled(read_wav(path), _RATE).astype(np.float64) for path in (recording, said))
    start = round((said_since - began_at(recording)) * _RATE)  # of the voice, within the recording
    voice = np.concatenate((np.zeros(max(0, start)), voice[max(0, -start) :]))
    skipped = max(0, round((since - began_at(recording)) * _RATE))
    heard, voice = heard[skipped:], voice[skipped : skipped + heard.size - skipped]
    ours, theirs = _envelopes(heard), _envelopes(voice)
    loud = np.sqrt(np.convolve(_energies(voice), np.ones(_WINDOW) / _WINDOW, "valid"))
    fitted = np.zeros_like(voice)
    delays, gaps, spoken, found = list[float](), list[tuple[float, float]](), 0, 0
    for at in range(0, len(theirs) - _WINDOW - _LONGEST_DELAY, _STEP):
        if loud[at] < _SPOKEN:
            continue
        spoken += 1
        delay = _best(theirs[at : at + _WINDOW], ours[at : at + _WINDOW + _LONGEST_DELAY])
        if delay is None:
            begin = at / 100
            if gaps and gaps[-1][0] + gaps[-1][1] >= begin:
                gaps[-1] = (gaps[-1][0], begin + _STEP / 100 - gaps[-1][0])
            else:
                gaps.append((begin, _STEP / 100))
            continue
        found += 1
        delays.append(delay * 10.0)
        first, count = at * _HOP, _WINDOW * _HOP
        fitted[first : first + count] = heard[first + delay * _HOP : first + delay * _HOP + count]
    end = max(0, len(theirs) - _LONGEST_DELAY) * _HOP
    stoi, pesq = _scores(voice[:end], fitted[:end])
    share = found / spoken if spoken else 0.0
    return Heard(share=share, gaps=tuple(gaps), delays_ms=tuple(delays), stoi=stoi, pesq=pesq)


def _energies(samples: Values) -> Values:
    return np.asarray((samples[: samples.size // _HOP * _HOP].reshape(-1, _HOP) ** 2).mean(axis=1))


def _envelopes(samples: Values) -> Values:
    """Logarithms of what twelve bands hold, each 10 ms."""
    size = 2 * _HOP
    padded = np.concatenate((samples, np.zeros(size)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[: samples.size // _HOP * _HOP : _HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(size), 512)) ** 2
    places = np.searchsorted(np.fft.rfftfreq(512, 1 / _RATE), _EDGES_HZ)
    bands = [power[:, low:high].sum(axis=1) for low, high in pairwise(places)]
    return np.log10(np.stack(bands, axis=1) + 1e5)


def _best(window: Values, within: Values) -> int | None:
    """The delay in looks at which `within` is most like the window; None where nothing is."""
    window = window - window.mean(axis=0)
    scale = float(np.sqrt((window**2).sum())) + 1e-9
    views = np.lib.stride_tricks.sliding_window_view(within, _WINDOW, axis=0)  # delay, band, look
    views = views - views.mean(axis=2, keepdims=True)
    alike = np.einsum("dbl,lb->d", views, window) / (np.sqrt((views**2).sum(axis=(1, 2))) * scale + 1e-9)
    best = int(alike.argmax())
    return best if alike[best] >= _LIKENESS else None


def _scores(said: Values, heard: Values) -> tuple[float, float]:
    """Mean STOI and PESQ over pieces; nothing heard counts as 0 and 1."""
    from pesq import PesqError, pesq
    from pystoi import stoi

    understood, quality = list[float](), list[float]()
    pieces = max(1, said.size // (_PIECE_S * _RATE))
    for pair in zip(np.array_split(said, pieces), np.array_split(heard, pieces), strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            understood.append(max(0.0, float(stoi(*pair, _RATE))))
        try:
            quality.append(float(pesq(_RATE, *(part.astype(np.int16) for part in pair), "wb")))
        except (PesqError, ValueError):  # nothing in it that it could judge
            quality.append(1.0)
    return float(np.mean(understood)), float(np.mean(quality))
