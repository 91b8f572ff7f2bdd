"""Speech a little shorter or longer at the same pitch: one of its own periods is left out or said twice (WSOLA)."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from wzp_core.dsp.frame import RATE_HZ, Samples, to_samples
from wzp_core.dsp.meter import dbfs

WELL: Final = 0.85  # likeness of two neighbouring periods below which the ear would notice the joint
ROUGHLY: Final = 0.5  # when time must be won

SHORTEST: Final = RATE_HZ * 25 // 10_000  # samples; 400 Hz
LONGEST: Final = RATE_HZ * 125 // 10_000  # samples; 80 Hz
QUIET_DBFS: Final = -50.0  # below it any joint will do

_OVERLAP: Final = RATE_HZ * 75 // 10_000  # samples; with the longest period just what a frame of 20 ms holds
_NEAR: Final = 0.02  # of several periods so nearly alike, the longest: fewer joints
_RISE: Final = 0.5 - 0.5 * np.cos(np.pi * (np.arange(_OVERLAP) + 0.5) / _OVERLAP)

_Values = npt.NDArray[np.float64]


class _Period(NamedTuple):
    samples: int
    likeness: float  # -1…1


def accelerated(samples: Samples, *, likeness: float = WELL) -> Samples:
    """2.5–12.5 ms shorter; unchanged where neighbouring periods are less alike and not quiet, or below 20 ms.

    The first and the last sample stay, so that what is before and behind fits as it did.
    """
    period = _period(samples, likeness)
    if period is None:
        return samples
    lag = period.samples
    joint = _faded(samples[:_OVERLAP], samples[lag : lag + _OVERLAP], period.likeness)
    return np.concatenate((joint, samples[lag + _OVERLAP :]))


def expanded(samples: Samples, *, likeness: float = WELL) -> Samples:
    """2.5–12.5 ms longer; unchanged under the same conditions as `accelerated`."""
    period = _period(samples, likeness)
    if period is None:
        return samples
    lag = period.samples
    joint = _faded(samples[lag : lag + _OVERLAP], samples[:_OVERLAP], period.likeness)
    return np.concatenate((samples[:lag], joint, samples[_OVERLAP:]))


def _period(samples: Samples, likeness: float) -> _Period | None:
    """The distance after which the sound is most like its beginning; None where that is not enough."""
    if samples.size < LONGEST + _OVERLAP:
        return None
    wide = samples[: LONGEST + _OVERLAP].astype(np.float64)
    alike = _likeness(wide)
    lag = int(np.flatnonzero(alike >= alike.max() - _NEAR)[-1])
    found = _Period(SHORTEST + lag, float(alike[lag]))
    return found if found.likeness >= likeness or dbfs(samples) < QUIET_DBFS else None


def _likeness(wide: _Values) -> _Values:
    """Normalised correlation of the first 7.5 ms with those `SHORTEST` … `LONGEST` later; 1 between silences."""
    first = wide[:_OVERLAP]
    energies = np.concatenate(([0.0], np.cumsum(wide * wide)))
    energy = energies[_OVERLAP + SHORTEST :] - energies[SHORTEST:-_OVERLAP]
    product = np.correlate(wide[SHORTEST:], first, "valid")
    return np.asarray((product + 1.0) / (np.sqrt(energy * energies[_OVERLAP]) + 1.0))


def _faded(ending: Samples, beginning: Samples, likeness: float) -> Samples:
    """From one sound into the other at constant power, whatever they have in common."""
    rise, fall = _RISE, 1.0 - _RISE
    power = rise * rise + fall * fall + 2.0 * max(0.0, likeness) * rise * fall
    return to_samples((ending * fall + beginning * rise) / np.sqrt(power))
