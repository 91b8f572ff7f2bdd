"""Delay and loss on a TUN device: packets that the kernel sends into it come back later, or not at all.

A program of its own (`python impairer.py DEVICE DELAY_MS LOSS_PERCENT SEED`): the laboratory's internet routes every
packet through it once.  It prints "ready" when it runs.
"""

import collections
import fcntl
import os
import random
import select
import struct
import sys
import time

_SET_INTERFACE = 0x400454CA
_TUN_WITHOUT_HEADER = 0x0001 | 0x1000
_LONGEST = 65_535
_BURST = 64


def open_tun(name: str) -> int:
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, _SET_INTERFACE, struct.pack("16sH22x", name.encode(), _TUN_WITHOUT_HEADER))
    return fd


class Line:
    """Says when a packet comes out of the line; pure."""

    def __init__(self, delay_s: float, loss: float, seed: int) -> None:
        self._delay_s, self._loss, self._chance = delay_s, loss, random.Random(seed)

    def out_at(self, now: float) -> float | None:
        return None if self._loss and self._chance.random() < self._loss else now + self._delay_s


def carry(fd: int, line: Line) -> None:
    waiting: collections.deque[tuple[float, bytes]] = collections.deque()
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    while True:
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            try:
                os.write(fd, waiting.popleft()[1])
            except OSError:  # no route any more: the internet drops it
                continue
        poll.poll(max(0.0, waiting[0][0] - now) * 1000 if waiting else None)
        now = time.monotonic()
        for _ in range(_BURST):
            try:
                packet = os.read(fd, _LONGEST)
            except BlockingIOError:
                break
            out_at = line.out_at(now)
            if out_at is not None:
                waiting.append((out_at, packet))


def main() -> None:
    device, delay_ms, loss_percent, seed = sys.argv[1:]
    fd = open_tun(device)
    print("ready", flush=True)
    carry(fd, Line(float(delay_ms) / 1000, float(loss_percent) / 100, int(seed)))


if __name__ == "__main__":
    main()
