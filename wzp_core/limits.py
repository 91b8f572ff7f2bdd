"""How much one client, one address and all together may ask; rates and bounds come with each question, so that they
may change at any time."""

import ipaddress
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

_MOST_KEYS = 20_000
_SWEEP_S = 1.0
_SUBSCRIBER_BITS = 64  # the smallest IPv6 network that a provider gives away: its owner has all its addresses


@lru_cache(maxsize=4096)
def network_of(host: str) -> str:
    """What one subscriber can send from: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        ip = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(ip), _SUBSCRIBER_BITS), strict=False))


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket's filling and size."""

    per_s: float
    burst: float


class Bucket:
    """One token bucket, full at the start."""

    __slots__ = ("__weakref__", "_at", "_tokens")

    def __init__(self, rate: Rate, now: float) -> None:
        self._tokens = rate.burst
        self._at = now

    def take(self, rate: Rate, now: float, amount: float = 1.0) -> bool:
        """Whether there are so many tokens, which are then gone."""
        self._fill(rate, now)
        if self._tokens < amount:
            return False
        self._tokens -= amount
        return True

    def has(self, rate: Rate, now: float) -> bool:
        """Whether `take` would be granted one."""
        if self._tokens >= 1:
            return True
        self._fill(rate, now)
        return self._tokens >= 1

    def give(self, rate: Rate, amount: float) -> None:
        """So many tokens more, as long as they fit."""
        tokens = self._tokens + amount
        self._tokens = tokens if tokens < rate.burst else rate.burst

    def is_full(self, rate: Rate, now: float) -> bool:
        self._fill(rate, now)
        return self._tokens >= rate.burst

    def _fill(self, rate: Rate, now: float) -> None:
        tokens = self._tokens + (now - self._at) * rate.per_s if now > self._at else self._tokens
        self._tokens = tokens if tokens < rate.burst else rate.burst  # not by min(): this is asked for each packet
        self._at = now


class Buckets(Generic[K]):
    """A bucket for each key; a full one carries no memory and may be forgotten."""

    def __init__(self, *, most_keys: int = _MOST_KEYS) -> None:
        self._most_keys = most_keys
        self._buckets: dict[K, Bucket] = {}
        self._swept_at = float("-inf")

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: K, rate: Rate, now: float) -> bool:
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= self._most_keys:
                self._forget_full(rate, now)
            if len(self._buckets) >= self._most_keys:
                return False  # that many keys at once are an attack; those known already go on
            bucket = self._buckets[key] = Bucket(rate, now)
        return bucket.take(rate, now)

    def _forget_full(self, rate: Rate, now: float) -> None:
        if now - self._swept_at < _SWEEP_S:
            return
        self._swept_at = now
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if not bucket.is_full(rate, now)}


class Places(Generic[K]):
    """Places that each holder gives back, of which one holder has only so many."""

    def __init__(self) -> None:
        self._held: Counter[K] = Counter()
        self.taken = 0

    def held(self, holder: K) -> int:
        return self._held[holder]

    def take(self, holder: K, most: float, most_each: float) -> bool:
        if self.taken >= most or self.held(holder) >= most_each:
            self._forget_if_none(holder)
            return False
        self._held[holder] += 1
        self.taken += 1
        return True

    def give_back(self, holder: K) -> None:
        self._held[holder] -= 1
        self.taken -= 1
        self._forget_if_none(holder)

    def _forget_if_none(self, holder: K) -> None:
        if not self._held[holder]:
            del self._held[holder]
