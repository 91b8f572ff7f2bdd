"""How much to do against loss, by what the path does; above all how far deep redundancy reaches (media.md §10)."""

import math
from dataclasses import dataclass
from typing import Final

from wzp_core.protocol.profile import CodecId, profile_of


@dataclass(frozen=True, slots=True)
class Protection:
    """All that a sender does against loss."""

    dred_10ms: int  # reach of deep redundancy, a ceiling
    expected_loss_pct: int
    repeats: tuple[int, ...] = ()  # each frame is sent again, whole, so many packets later; each costs the voice's rate
    extra_bitrate: int = 0  # bit/s that deep redundancy may take without taking them from the voice


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
# Deep redundancy gets more than half of what exceeds 12 kbit/s: without these, too much of the voice or too little.
_EXTRA_BITRATE: Final = {CodecId.OPUS_24K: 8_000, CodecId.OPUS_16K: 8_000}
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
_LOSSY_PCT: Final = 5.0  # from here on a higher rate is worth it
_TWICE_LOSS_PCT: Final = 15.0
FARTHEST: Final = 10  # packets
_FARTHEST_MS: Final = 200  # what receivers wait for
_CALM_UPDATES: Final = 20  # without any loss, half a second each


class DredTuner:
    """A sender's; reach grows with loss and jumps to its ceiling when jitter does."""

    def __init__(self, codec: CodecId) -> None:
        self._jitter_ms: float | None = None
        self.use(codec)

    @property
    def protection(self) -> Protection | None:
        """What should be set now; None for a codec without deep redundancy until it meets loss."""
        return self._protection

    def use(self, codec: CodecId, *, repeats: bool = False, narrow: bool = False) -> None:
        """The stream goes on with another codec, to a peer that may know `repeats`; `protection` is its first value.

        On a `narrow` path the rate stays the voice's.
        """
        profile = profile_of(codec)
        self._farthest = min(FARTHEST, _FARTHEST_MS // profile.frame_duration_ms) if profile is not None else 0
        self._may_repeat = repeats and not narrow
        self._extra_bitrate = 0 if narrow else _EXTRA_BITRATE.get(codec, 0)
        self._reach = _REACH_10MS.get(codec)
        self._cooldown = self._calm = 0
        self._protection = Protection(self._reach[0], _FIRST_LOSS_PCT) if self._reach is not None else None

    def update(self, loss_pct: float, rtt_ms: float, jitter_ms: float, burst: float = 1.0) -> Protection | None:
        """The new protection, None where nothing changes; every `UPDATE_FRAMES` frames, with the path's values.

        `burst` is how many packets are lost in a row, on average.
        """
        self._note_jitter(max(0.0, jitter_ms))
        loss_pct = min(100.0, max(0.0, loss_pct))
        if self._reach is None:  # Codec2: repairs of a block, as many as the loss wants; a slow path loses none
            return self._tuned(Protection(0, int(loss_pct)))
        phantom = min(_MOST_PHANTOM_PCT, max(0.0, rtt_ms - _SLOW_RTT_MS) / _RTT_MS_PER_PCT)
        expected = int(min(100.0, loss_pct + phantom))
        again = self._repeats(loss_pct, burst)
        self._calm = self._calm + 1 if loss_pct == 0.0 and self._cooldown == 0 else 0
        # Repeats give back the frame itself, while deep redundancy takes its bits from the voice: on a link that loses
        # nothing it only costs.
        spare = again or self._calm > _CALM_UPDATES
        reach = 0 if spare else self._reach_for(loss_pct, *self._reach)
        extra = self._extra_bitrate if reach and loss_pct >= _LOSSY_PCT else 0
        return self._tuned(Protection(reach, expected, again, extra))

    def _tuned(self, protection: Protection) -> Protection | None:
        if protection == self._protection:
            return None
        self._protection = protection
        return protection

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

    def _repeats(self, loss_pct: float, burst: float) -> tuple[int, ...]:
        """As far apart as losses are long; the second copy is for links that lose the first as well."""
        if not self._may_repeat or loss_pct < _LOSSY_PCT:
            return ()
        apart = min(self._farthest, max(1, math.ceil(burst)))
        twice = 2 * apart + 1
        return (apart,) if loss_pct < _TWICE_LOSS_PCT or twice > self._farthest else (apart, twice)
