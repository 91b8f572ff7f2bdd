"""How well speech survived, and how much later it was heard: PESQ, STOI, PLCMOS and delay."""

import warnings
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from wzp_core.dsp.frame import Samples
from wzp_core.dsp.resample import downsampled
from wzp_core.errors import ErrorCode, Unavailable

SCORES_RATE_HZ: Final = 16_000
LONGEST_DELAY_MS: Final = 600

_PER_MS: Final = SCORES_RATE_HZ // 1000
_HOP: Final = 20 * _PER_MS
_WINDOW: Final = 80 * _PER_MS  # around a hop
_REACH: Final = LONGEST_DELAY_MS * _PER_MS
_JOINT: Final = 5 * _PER_MS
_CHANGE: Final = 0.4  # likeness that another delay must win in all before it is believed
_LISTENERS: Final = 4  # the mean of 32 differs by less than 0.05
_SILENT: Final = 100.0  # RMS of a window that fits anywhere

_Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Score:
    """Of one recording against what was said."""

    pesq: float  # wide band, 1.0…4.64
    stoi: float  # 0…1
    plcmos: float | None  # what listeners would say of how gaps were filled, 1…5; None without the package speechmos
    delay_ms: float  # mean while somebody speaks


def scored(sent: Samples, heard: Samples) -> Score:
    """Raises Unavailable(BAD_FILE) where the packages pesq and pystoi are missing or find no speech.

    A receiver may change its delay, so that speech is brought into step first: being 20 ms sooner is no fault, what
    is missing or torn is.
    """
    try:
        from pesq import PesqError, pesq
        from pystoi import stoi
    except ImportError as error:
        raise Unavailable(ErrorCode.BAD_FILE, missing="the Python packages pesq and pystoi") from error
    said = downsampled(sent, SCORES_RATE_HZ).astype(np.float64)
    came = downsampled(heard, SCORES_RATE_HZ).astype(np.float64)
    fitted, delays_ms = in_step(said, came)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pystoi warns of too little speech and answers 1e-5
            quality = float(pesq(SCORES_RATE_HZ, said.astype(np.int16), fitted.astype(np.int16), "wb"))
            understood = float(stoi(said, fitted, SCORES_RATE_HZ))
    except PesqError:
        quality, understood = 1.0, 0.0  # nothing that could be taken for speech came through
    return Score(quality, understood, _plcmos(came), float(np.mean(delays_ms)) if delays_ms else 0.0)


def _plcmos(heard: _Values) -> float | None:
    """Microsoft's PLCMOS v2, which needs nothing to compare with (https://arxiv.org/abs/2305.15127)."""
    model = _plcmos_model()
    if model is None:
        return None
    before = np.random.get_state()  # the model asks imagined listeners, whom it draws from numpy's common generator
    try:
        np.random.seed(1)
        return float(model.get_mos(heard / 32_768.0))
    finally:
        np.random.set_state(before)


@lru_cache(maxsize=1)
def _plcmos_model() -> Any:
    try:
        from speechmos.plcmos import PLCMOS
    except ImportError:
        return None
    return PLCMOS(embed_rounds=_LISTENERS)


def in_step(said: _Values, heard: _Values) -> tuple[_Values, list[float]]:
    """`heard` without its delay, however that changed, and that delay in ms for every 20 ms of speech; at 16 kHz."""
    fitted = np.zeros(said.size)
    delays, spoken = _delays(said, heard)
    padded = np.concatenate((heard, np.zeros(_REACH + _HOP + _JOINT)))
    rise = np.linspace(0.0, 1.0, _JOINT)
    for hop, delay in enumerate(delays):
        start, end = hop * _HOP, min(said.size, (hop + 1) * _HOP + _JOINT)
        taken = padded[start + delay : end + delay].copy()
        if hop and taken.size >= _JOINT:
            taken[:_JOINT] = fitted[start : start + _JOINT] * (1.0 - rise) + taken[:_JOINT] * rise
        fitted[start:end] = taken
    return fitted, [delay / _PER_MS for delay, speaks in zip(delays, spoken, strict=True) if speaks]


def _delays(said: _Values, heard: _Values) -> tuple[list[int], list[bool]]:
    """The delay of every 20 ms in samples, and whether somebody speaks then: the likeliest course with few changes."""
    hops = max(1, said.size // _HOP)
    margin = (_WINDOW - _HOP) // 2
    around = np.concatenate((np.zeros(margin), said, np.zeros(_WINDOW)))
    later = np.concatenate((np.zeros(margin), heard, np.zeros(_REACH + _WINDOW)))
    total = np.zeros(LONGEST_DELAY_MS)
    came_from = np.zeros((hops, LONGEST_DELAY_MS), dtype=np.int64)
    exact = np.zeros((hops, LONGEST_DELAY_MS), dtype=np.int64)
    spoken = []
    for hop in range(hops):
        window = around[hop * _HOP : hop * _HOP + _WINDOW]
        spoken.append(bool(np.sqrt(np.mean(window * window)) >= _SILENT))
        best = int(np.argmax(total))
        jumps = total < total[best] - _CHANGE
        came_from[hop] = np.where(jumps, best, np.arange(LONGEST_DELAY_MS))
        total = np.where(jumps, total[best] - _CHANGE, total)
        if spoken[-1]:
            alike = _likeness(window, later[hop * _HOP : hop * _HOP + _REACH + _WINDOW - 1])
            blocks = alike.reshape(LONGEST_DELAY_MS, _PER_MS)
            exact[hop] = blocks.argmax(axis=1)
            total = total + blocks.max(axis=1)
    return _course(total, came_from, exact, spoken), spoken


def _course(
    total: _Values, came_from: npt.NDArray[np.int64], exact: npt.NDArray[np.int64], spoken: list[bool]
) -> list[int]:
    """Back from the best end; within one delay the median of the exact values holds."""
    states = [int(np.argmax(total))]
    for hop in range(len(spoken) - 1, 0, -1):
        states.append(int(came_from[hop][states[-1]]))
    states.reverse()
    delays: list[int] = []
    for state, hops in groupby(range(len(states)), key=states.__getitem__):
        run = list(hops)
        fine = [int(exact[hop][state]) for hop in run if spoken[hop]]
        delays += [state * _PER_MS + (int(np.median(fine)) if fine else 0)] * len(run)
    return delays


@lru_cache(maxsize=8)
def _fft_size(least: int) -> int:
    """The next one with small factors, for which the transform is quick."""
    products = (odd << twos for twos in range(20) for odd in (1, 3, 5, 9, 15, 25, 27, 45, 75))
    return min(size for size in products if size >= least)


def _likeness(window: _Values, within: _Values) -> _Values:
    """Normalised cross-correlation at every place of `within`, -1…1."""
    size = _fft_size(within.size)  # what goes round falls on places that are not looked at
    product = np.fft.irfft(np.fft.rfft(within, size) * np.conj(np.fft.rfft(window, size)), size)
    energies = np.concatenate(([0.0], np.cumsum(within * within)))
    energy = energies[window.size :] - energies[: -window.size]
    found: _Values = product[: energy.size] / np.sqrt((energy + 1.0) * (float(window @ window) + 1.0))
    return found
