"""A bad line on a TUN device: what the kernel sends into it comes back later, twice, in another order or not at all.

A program of its own (`python impairer.py DEVICE SEED WEATHER`, the last in JSON): packets are routed through it once.
It prints "ready" when it runs; a line of JSON on its standard input is the weather from then on.  The kernel's own
means (netem) are missing on many machines.
"""

import dataclasses
import fcntl
import heapq
import itertools
import json
import os
import random
import select
import struct
import sys
import time
from dataclasses import dataclass

_SET_INTERFACE = 0x400454CA
_TUN_WITHOUT_HEADER = 0x0001 | 0x1000
_LONGEST = 65_535
_BURST = 64
_OVERTAKEN_S = 0.05  # by so much a packet that others overtake is later


@dataclass(frozen=True)
class Weather:
    """What a line does to packets one way; shares are 0…1, sizes those of whole IP packets."""

    delay_ms: float = 0.0
    jitter_ms: float = 0.0  # uniform on top; order is kept
    loss: float = 0.0
    burst: float = 1.0  # packets lost in a row, on average
    rate_kbit: float = 0.0  # 0: any
    queue_ms: float = 1000.0  # what would wait longer for the rate is dropped
    reorder: float = 0.0  # share that others overtake
    duplicate: float = 0.0
    mtu: int = 0  # bytes; bigger packets vanish without a word
    spike_every_s: float = 0.0  # so often nothing comes out for `spike_ms`, then all of it
    spike_ms: float = 0.0
    good_s: float = 0.0  # after each such time nothing passes for `out_s`
    out_s: float = 0.0

    def json(self) -> str:
        return json.dumps(dataclasses.asdict(self))


class Line:
    """Says when a packet comes out of the line; pure."""

    def __init__(self, weather: Weather, seed: int, now: float) -> None:
        self.weather = weather
        self._since = now
        self._chance = random.Random(seed)
        self._loses = False
        self._busy_until = self._last_out = now

    def change(self, weather: Weather, now: float) -> None:
        self.weather, self._since = weather, now

    def out_at(self, size: int, now: float) -> tuple[float, ...]:
        """None, one or two times."""
        is_cut = self._phase(now, self.weather.good_s + self.weather.out_s) > self.weather.good_s > 0
        if is_cut or size > self.weather.mtu > 0 or self._is_lost():
            return ()
        leaves = self._through(size, now)
        if leaves is None:
            return ()
        out = leaves + (self.weather.delay_ms + self._chance.random() * self.weather.jitter_ms) / 1000
        spike_s = self.weather.spike_ms / 1000 - self._phase(out, self.weather.spike_every_s)
        out = self._last_out = max(self._last_out, out + max(0.0, spike_s if self.weather.spike_every_s else 0.0))
        if self._chance.random() < self.weather.reorder:
            out += _OVERTAKEN_S
        return (out, out) if self._chance.random() < self.weather.duplicate else (out,)

    def _phase(self, now: float, period_s: float) -> float:
        return (now - self._since) % period_s if period_s else 0.0

    def _is_lost(self) -> bool:
        """Two states (Gilbert): what is lost goes on being lost until a run has its length."""
        loss, burst = self.weather.loss, self.weather.burst
        if loss >= 1.0:
            return True
        begins = 1 - 1 / burst if self._loses and burst > 1 else loss / (burst * (1 - loss) + loss * (burst == 1))
        self._loses = self._chance.random() < begins
        return self._loses

    def _through(self, size: int, now: float) -> float | None:
        """When its last bit has left; None where the queue is full."""
        if not self.weather.rate_kbit:
            return now
        starts = max(now, self._busy_until)
        if starts - now > self.weather.queue_ms / 1000:
            return None
        self._busy_until = starts + size * 8 / (self.weather.rate_kbit * 1000)
        return self._busy_until


def open_tun(name: str) -> int:
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, _SET_INTERFACE, struct.pack("16sH22x", name.encode(), _TUN_WITHOUT_HEADER))
    return fd


def carry(fd: int, line: Line) -> None:
    waiting: list[tuple[float, int, bytes]] = []
    numbers = itertools.count()
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    poll.register(sys.stdin, select.POLLIN)
    while True:
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            try:
                os.write(fd, heapq.heappop(waiting)[2])
            except OSError:  # no route any more: the internet drops it
                continue
        ready = poll.poll(max(0.0, waiting[0][0] - now) * 1000 if waiting else None)
        now = time.monotonic()
        if any(who == sys.stdin.fileno() for who, _ in ready):
            told = sys.stdin.readline()
            if not told:
                poll.unregister(sys.stdin)
                continue
            line.change(Weather(**json.loads(told)), now)
        for _ in range(_BURST):
            try:
                packet = os.read(fd, _LONGEST)
            except BlockingIOError:
                break
            for out_at in line.out_at(len(packet), now):
                heapq.heappush(waiting, (out_at, next(numbers), packet))


def main() -> None:
    device, seed, weather = sys.argv[1:]
    fd = open_tun(device)
    print("ready", flush=True)
    carry(fd, Line(Weather(**json.loads(weather)), int(seed), time.monotonic()))


if __name__ == "__main__":
    main()
