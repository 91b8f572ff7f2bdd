"""How much one client, one address and all together may ask."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

_MOST_KEYS = 20_000
_SWEEP_S = 1.0


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket's size and filling."""

    per_s: float
    burst: float


class Bucket:
    """One token bucket, full at the start."""

    __slots__ = ("_at", "_rate", "_tokens")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._tokens = rate.burst
        self._at = now

    def take(self, now: float) -> bool:
        """Whether there is a token, which is then gone."""
        self._fill(now)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def is_full(self, now: float) -> bool:
        self._fill(now)
        return self._tokens >= self._rate.burst

    def _fill(self, now: float) -> None:
        self._tokens = min(self._rate.burst, self._tokens + max(0.0, now - self._at) * self._rate.per_s)
        self._at = now


class Buckets(Generic[K]):
    """A bucket for each key; a full one carries no memory and may be forgotten."""

    def __init__(self, rate: Rate, *, most_keys: int = _MOST_KEYS) -> None:
        self._rate = rate
        self._most_keys = most_keys
        self._buckets: dict[K, Bucket] = {}
        self._swept_at = float("-inf")

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: K, now: float) -> bool:
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= self._most_keys:
                self._forget_full(now)
            if len(self._buckets) >= self._most_keys:
                return False  # that many keys at once are an attack; those known already go on
            bucket = self._buckets[key] = Bucket(self._rate, now)
        return bucket.take(now)

    def _forget_full(self, now: float) -> None:
        if now - self._swept_at < _SWEEP_S:
            return
        self._swept_at = now
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if not bucket.is_full(now)}


class Seats:
    """A number of places of which each holder gives back its own."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.taken = 0

    def take(self) -> bool:
        if self.taken >= self._most:
            return False
        self.taken += 1
        return True

    def give_back(self) -> None:
        self.taken -= 1
