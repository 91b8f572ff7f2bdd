"""How well another relay is reached, from pings and their answers (relay.md §10)."""

from collections import deque
from dataclasses import dataclass
from statistics import pstdev

PING_S = 1.0
GOSSIP_EVERY = 10  # pings
RETRY_S = 5.0
SILENCE_S = 10.0  # without any answer: the link is lost, whatever QUIC still hopes for
_WINDOW = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeStats:
    """One target's state, as it is shown and exported."""

    target: str  # `ip:port`
    rtt_ms: float = 0.0  # of the newest answer; 0 while the target is down
    loss_pct: float = 0.0  # of the last 60 pings, the one under way included
    jitter_ms: float = 0.0  # standard deviation of the round trips among them
    up: bool = False


@dataclass(slots=True)
class _Sent:
    timestamp_ms: int
    at: float
    rtt_s: float | None = None


class ProbeWindow:
    """The last 60 pings to one target, over all its links: an outage stays visible as loss when it is over."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._pings: deque[_Sent] = deque(maxlen=_WINDOW)
        self._rtt_s = 0.0
        self._heard_at = 0.0
        self._up = False
        self._count = 0

    def connected(self, now: float) -> None:
        self._up = True
        self._heard_at = now

    def lost(self) -> None:
        self._up = False
        self._rtt_s = 0.0

    def ping(self, now: float) -> tuple[int, bool]:
        """The time to put into the next ping, and whether gossip goes with it."""
        sent = _Sent(int(now * 1000), now)
        self._pings.append(sent)
        self._count += 1
        return sent.timestamp_ms, self._count % GOSSIP_EVERY == 1

    def pong(self, timestamp_ms: int, now: float) -> None:
        """Takes an answer; one to no ping of the window, or a second one, says nothing."""
        for sent in self._pings:
            if sent.timestamp_ms == timestamp_ms and sent.rtt_s is None:
                sent.rtt_s = self._rtt_s = now - sent.at
                self._heard_at = now

    def is_silent(self, now: float) -> bool:
        return now - self._heard_at > SILENCE_S

    def stats(self) -> ProbeStats:
        rtts = [sent.rtt_s for sent in self._pings if sent.rtt_s is not None]
        count = len(self._pings)
        return ProbeStats(
            target=self._target,
            rtt_ms=self._rtt_s * 1000,
            loss_pct=100 * (count - len(rtts)) / count if count else 0.0,
            jitter_ms=pstdev(rtts) * 1000 if rtts else 0.0,
            up=self._up,
        )
