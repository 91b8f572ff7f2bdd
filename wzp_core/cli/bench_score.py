"""How well speech survived, and how much later it was heard: PESQ, STOI and delay."""

import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from wzp_core.dsp.frame import Samples
from wzp_core.dsp.resample import downsampled
from wzp_core.errors import ErrorCode, Unavailable

SCORES_RATE_HZ: Final = 16_000
LONGEST_DELAY_MS: Final = 600

_PER_MS: Final = SCORES_RATE_HZ // 1000
_PIECE: Final = 240 * _PER_MS
_JOINT: Final = 10 * _PER_MS
_STAY: Final = 0.05  # how much more alike another delay than the last must be
_SILENT: Final = 100.0  # RMS of a piece that fits anywhere

_Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Score:
    """Of one recording against what was said."""

    pesq: float  # wide band, 1.0…4.64
    stoi: float  # 0…1
    delay_ms: float  # mean over the pieces in which somebody speaks


def scored(sent: Samples, heard: Samples) -> Score:
    """Raises Unavailable(BAD_FILE) where the packages pesq and pystoi are missing or find no speech.

    A receiver that adapts its delay is compared piece by piece, so that being 20 ms sooner is no fault; what is
    missing, doubled or torn within a piece of 240 ms is.
    """
    try:
        from pesq import PesqError, pesq
        from pystoi import stoi
    except ImportError as error:
        raise Unavailable(ErrorCode.BAD_FILE, missing="the Python packages pesq and pystoi") from error
    said = downsampled(sent, SCORES_RATE_HZ).astype(np.float64)
    fitted, delays_ms = in_step(said, downsampled(heard, SCORES_RATE_HZ).astype(np.float64))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pystoi warns of too little speech and answers 1e-5
            quality = float(pesq(SCORES_RATE_HZ, said.astype(np.int16), fitted.astype(np.int16), "wb"))
            understood = float(stoi(said, fitted, SCORES_RATE_HZ))
    except PesqError:
        quality, understood = 1.0, 0.0  # nothing that could be taken for speech came through
    return Score(quality, understood, float(np.mean(delays_ms)) if delays_ms else 0.0)


def in_step(said: _Values, heard: _Values) -> tuple[_Values, list[float]]:
    """`heard` without its delay, piece by piece, and that delay in ms for the pieces with speech; both at 16 kHz."""
    reach = LONGEST_DELAY_MS * _PER_MS
    padded = np.concatenate((heard, np.zeros(reach + _PIECE + _JOINT)))[: said.size + reach + _PIECE + _JOINT]
    fitted = np.zeros(said.size)
    delays_ms: list[float] = []
    delay: int | None = None
    rise = np.linspace(0.0, 1.0, _JOINT)
    for start in range(0, said.size, _PIECE):
        piece = said[start : start + _PIECE]
        if np.sqrt(np.mean(piece * piece)) >= _SILENT and piece.size == _PIECE:
            delay = _best_delay(piece, padded[start : start + reach + _PIECE], delay)
            delays_ms.append(delay / _PER_MS)
        at = start + (delay or 0)
        end = min(said.size, start + _PIECE + _JOINT)
        taken = padded[at : at + end - start]
        if start:
            joint = min(_JOINT, taken.size)
            taken = taken.copy()
            taken[:joint] = fitted[start : start + joint] * (1.0 - rise[:joint]) + taken[:joint] * rise[:joint]
        fitted[start:end] = taken
    return fitted, delays_ms


def _best_delay(piece: _Values, within: _Values, last: int | None) -> int:
    """Where in `within` the piece is found, by normalised cross-correlation."""
    size = 1 << (within.size + piece.size).bit_length()
    product = np.fft.irfft(np.fft.rfft(within, size) * np.conj(np.fft.rfft(piece, size)), size)
    product = product[: within.size - piece.size + 1]
    energies = np.concatenate(([0.0], np.cumsum(within * within)))
    energy = energies[piece.size :] - energies[: -piece.size]
    alike = product / np.sqrt((energy + 1.0) * (float(piece @ piece) + 1.0))
    best = int(np.argmax(alike))
    return last if last is not None and alike[last] >= alike[best] - _STAY else best
