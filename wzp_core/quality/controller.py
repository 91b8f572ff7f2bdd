"""Which tier to send at: down when packets queue up on the way, up again after a calm while.

Loss alone is no reason to send less: redundancy answers it, and a thinner stream loses as large a share. What tells
that a path is too narrow is a round trip that grows above its least value, or loss that leaves next to nothing. The
round trip itself says nothing either: a distant peer deserves good sound too (other than in calls.md §8). And a queue
that stays as it is though we send less is somebody else's: to send less than is good would only be heard.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

from wzp_core.quality.tier import Tier

_QUEUE_MS: Final = 200.0  # above the least round trip of the last minute
_CALM_QUEUE_MS: Final = 60.0
_CALM_NARROW_QUEUE_MS: Final = 150.0  # of a thin stream: on 14 kbit/s one packet alone takes 120 ms
_HOPELESS_LOSS_PCT: Final = 70.0
_CALM_LOSS_PCT: Final = 10.0
_STUDIO_LOSS_PCT: Final = 1.0
_DOWN_AFTER, _BACK_AFTER = 4, 2  # updates in a row, half a second each; the latter in a trial
_UP_AFTER: Final = 20
_MOST_PATIENCE: Final = 16  # times that
_ABOUT: Final = 1.25  # what was seen of a path before any media is a rough guess
_WARNED: Final = 4  # times that, where a path seemed narrow from the beginning
_TRIAL_S: Final = 15.0  # a step up that is taken back so soon was a mistake
_GROWTH_MS: Final = 100.0  # beyond what a queue was at its longest lately
_LATELY: Final = 24  # updates: a TCP connection fills a buffer of two seconds again and again in less
_BUCKET_S: Final = 10.0
_BUCKETS: Final = 6


@dataclass(frozen=True, slots=True)
class LegState:
    """One leg of the path: what its QUIC connection says, over the last interval."""

    loss_pct: float
    rtt_ms: float


class Leg:
    """Knows the least round trip of the last minute, so that a new route is no queue for ever."""

    def __init__(self) -> None:
        self._least: deque[tuple[int, float]] = deque(maxlen=_BUCKETS)

    def queue_ms(self, rtt_ms: float, now: float) -> float:
        bucket = int(now / _BUCKET_S)
        if self._least and self._least[-1][0] == bucket:
            self._least[-1] = (bucket, min(rtt_ms, self._least[-1][1]))
        else:
            self._least.append((bucket, rtt_ms))
        return rtt_ms - min(least for _, least in self._least)


class TierController:
    """A machine fed twice a second with both legs; the worse one decides."""

    def __init__(self) -> None:
        self.tier = Tier.GOOD
        self.ceiling = Tier.STUDIO_64K
        self._own, self._peer = Leg(), Leg()
        self._bad = self._calm = 0
        self._lately_lost_pct = 0.0
        self._queues: deque[float] = deque(maxlen=_LATELY)  # while it is bad
        self._stood = 0  # updates for which a queue has neither grown nor cost packets
        self._is_others = False  # the queue was there when we sent next to nothing
        self._patience = 1
        self._went_up_at = -math.inf
        self._is_trial = False

    def cap(self, ceiling: Tier) -> None:
        """The peer or the relay wants no more than that; what the path carries beyond it is not tried out."""
        self.ceiling = ceiling
        self.tier = min(self.tier, ceiling)

    def begin(self, kbit_s: float) -> Tier:
        """With what fits a path that carries about so much, which is returned: no call is to begin with a flood."""
        fits = max((tier for tier in Tier if tier.kbit_s <= _ABOUT * kbit_s), default=Tier.LIFEBOAT)
        self.tier, self._patience = min(fits, Tier.GOOD, self.ceiling), _WARNED if fits < Tier.GOOD else 1
        return fits

    @property
    def is_narrow(self) -> bool:
        """Whether redundancy that costs much would only lengthen the queue."""
        return self._bad > 0 or self.tier < Tier.GOOD

    def new_path(self) -> None:
        """What was learnt of the old one is void; the tier stays until this one speaks."""
        self._own, self._peer = Leg(), Leg()
        self._bad = self._calm = 0
        self._no_queue()
        self._patience = 1

    def update(self, own: LegState, peer: LegState | None, now: float, *, is_blind: bool = False) -> Tier:
        """`peer` is what the other side last reported of its leg; `is_blind`: it should have, but nothing came.

        Reports that are stuck behind a queue must not count as calm.
        """
        queue, loss = self._own.queue_ms(own.rtt_ms, now), own.loss_pct
        if peer is not None:
            queue = max(queue, self._peer.queue_ms(peer.rtt_ms, now))
            loss = max(loss, peer.loss_pct)
        self._lately_lost_pct += (loss - self._lately_lost_pct) / 2
        if queue > _QUEUE_MS or loss > _HOPELESS_LOSS_PCT:
            self._overloaded(queue, loss, now)
            return self.tier
        self._no_queue()
        calm_ms = _CALM_QUEUE_MS if self.tier >= Tier.GOOD else _CALM_NARROW_QUEUE_MS
        if not is_blind and queue < calm_ms and loss < (_STUDIO_LOSS_PCT if self.tier >= Tier.GOOD else _CALM_LOSS_PCT):
            self._bad, self._calm = 0, self._calm + 1
            if self._calm >= _UP_AFTER * self._patience and self.tier < self.ceiling:
                self._up(now)
        else:
            self._bad = self._calm = 0
        return self.tier

    def _overloaded(self, queue: float, loss: float, now: float) -> None:
        """Sends less; more again where that changes nothing, since then the queue is somebody else's (bufferbloat)."""
        before = list(self._queues)[:-_DOWN_AFTER]
        grows = loss > _CALM_LOSS_PCT or queue > max(before, default=0.0) + _GROWTH_MS
        self._queues.append(queue)
        self._calm, self._stood = 0, 0 if grows else self._stood + 1
        self._bad = self._bad + 1 if grows or not self._is_others else 0
        if self._bad >= (_BACK_AFTER if self._in_trial(now) else _DOWN_AFTER) and self.tier > Tier.LIFEBOAT:
            self._down(now)
        elif self._stood >= _UP_AFTER * self._patience and self.tier < min(Tier.GOOD, self.ceiling):
            self._is_others, self._stood = True, 0
            self._up(now)

    def _no_queue(self) -> None:
        self._queues.clear()
        self._stood, self._is_others = 0, False

    def _down(self, now: float) -> None:
        """A step, or as many as it takes to send no more than what has come through."""
        if self._in_trial(now):
            self._patience = min(_MOST_PATIENCE, self._patience * 2)
        self._is_trial = False  # however many steps it goes down, that was one mistake
        carried = self.tier.kbit_s * (1 - self._lately_lost_pct / 100)
        fits = max((tier for tier in Tier if tier.kbit_s <= carried), default=Tier.LIFEBOAT)
        self.tier = min(Tier(self.tier - 1), Tier.GOOD, fits)
        self._bad = self._stood = 0

    def _in_trial(self, now: float) -> bool:
        return self._is_trial and now - self._went_up_at < _TRIAL_S

    def _up(self, now: float) -> None:
        if math.inf > now - self._went_up_at > _UP_AFTER * _MOST_PATIENCE:
            self._patience = 1
        self.tier = Tier(self.tier + 1)
        self._went_up_at, self._is_trial, self._calm = now, True, 0
