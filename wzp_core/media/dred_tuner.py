"""How far back Opus's deep redundancy should reach, by what the path does (media.md §10)."""

from typing import Final, TypeAlias

from wzp_core.protocol.media.report import QualityReport
from wzp_core.protocol.profile import CodecId

Protection: TypeAlias = tuple[int, int]
"""Reach in units of 10 ms, and the loss in percent to prepare for: the arguments of `Uplink.protect`."""

UPDATE_FRAMES: Final = 25  # encoded frames between two updates

_STUDIO: Final = (10, 30)  # baseline and ceiling, in units of 10 ms
_REACH_10MS: Final = {
    CodecId.OPUS_64K: _STUDIO,
    CodecId.OPUS_48K: _STUDIO,
    CodecId.OPUS_32K: _STUDIO,
    CodecId.OPUS_24K: (20, 50),
    CodecId.OPUS_16K: (20, 50),
    CodecId.OPUS_6K: (50, 104),
}
_LEAST_10MS: Final = 5
_FIRST_LOSS_PCT: Final = 15
_FULL_REACH_LOSS_PCT: Final = 40.0
_RISE, _FALL = 0.3, 0.05
_SPIKE: Final = 1.3
_LEAST_JITTER_MS: Final = 1.0
_COOLDOWN: Final = 10  # updates
_SLOW_RTT_MS: Final = 200.0
_MOST_PHANTOM_PCT: Final = 15.0
_RTT_MS_PER_PCT: Final = 40.0


class DredTuner:
    """A sender's; reach grows with loss and jumps to its ceiling when jitter does."""

    def __init__(self, codec: CodecId) -> None:
        self._jitter_ms: float | None = None
        self.use(codec)

    @property
    def protection(self) -> Protection | None:
        """What should be set now; None for a codec without deep redundancy."""
        return self._protection

    def use(self, codec: CodecId) -> None:
        """The stream goes on with another codec; `protection` is its first value."""
        self._reach = _REACH_10MS.get(codec)
        self._cooldown = 0
        self._protection = (self._reach[0], _FIRST_LOSS_PCT) if self._reach is not None else None

    def update(self, loss_pct: float, rtt_ms: float, jitter_ms: float) -> Protection | None:
        """The new protection, None where nothing changes; every `UPDATE_FRAMES` frames, with the path's values."""
        self._note_jitter(max(0.0, jitter_ms))
        if self._reach is None:
            return None
        loss_pct = min(100.0, max(0.0, loss_pct))
        phantom = min(_MOST_PHANTOM_PCT, max(0.0, rtt_ms - _SLOW_RTT_MS) / _RTT_MS_PER_PCT)
        tuned = (self._reach_for(loss_pct, *self._reach), int(min(100.0, loss_pct + phantom)))
        if tuned == self._protection:
            return None
        self._protection = tuned
        return tuned

    def heed(self, report: QualityReport) -> Protection | None:
        """`update` with what a report says."""
        return self.update(report.loss, report.rtt_ms, report.jitter_ms)

    def _note_jitter(self, jitter_ms: float) -> None:
        before = self._jitter_ms
        if before is None:
            self._jitter_ms = before = jitter_ms
        smoothed = before + (_RISE if jitter_ms > before else _FALL) * (jitter_ms - before)
        self._jitter_ms = smoothed
        if smoothed > _LEAST_JITTER_MS and jitter_ms > _SPIKE * smoothed:
            self._cooldown = _COOLDOWN
        self._cooldown = max(0, self._cooldown - 1)

    def _reach_for(self, loss_pct: float, baseline: int, ceiling: int) -> int:
        if self._cooldown > 0:
            return ceiling
        share = min(loss_pct, _FULL_REACH_LOSS_PCT) / _FULL_REACH_LOSS_PCT
        return min(ceiling, max(_LEAST_10MS, int(baseline + share * (ceiling - baseline))))
