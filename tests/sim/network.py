"""A small internet in one process: hosts with addresses, lines with delay, jitter, loss and reordering."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.udp import Receiver, UdpSocket
from wzp_core.ports import Address


@dataclass(frozen=True)
class Line:
    """What happens to a datagram between two hosts; seconds and fractions."""

    delay_s: float = 0.01
    jitter_s: float = 0.0  # uniform on top of the delay; more than the spacing reorders
    loss: float = 0.0


@dataclass
class Internet:
    """Seeded, so that a failing run can be repeated."""

    seed: int = 1
    line: Line = field(default_factory=Line)
    lines: dict[tuple[str, str], Line] = field(default_factory=dict)
    tap: Callable[[str, str, bytes], bytes | None] | None = None  # sees, changes (or drops) what crosses

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._sockets: dict[Address, tuple[_SimUdp, Receiver]] = {}
        self._next_port = 40_000
        self.down: set[str] = set()

    def host(self, ip: str) -> "Host":
        return Host(self, ip)

    def kill(self, ip: str) -> None:
        """Whoever runs there falls silent for ever; a new program may take the address."""
        for address, (udp, _) in list(self._sockets.items()):
            if address[0] == ip:
                udp.dead = True
                del self._sockets[address]

    def carry(self, data: bytes, source: Address, target: Address) -> None:
        line = self.lines.get((source[0], target[0]), self.line)
        if source[0] in self.down or target[0] in self.down or self._random.random() < line.loss:
            return
        if self.tap is not None:
            changed = self.tap(source[0], target[0], data)
            if changed is None:
                return
            data = changed
        delay = line.delay_s + self._random.random() * line.jitter_s
        asyncio.get_running_loop().call_later(delay, self._deliver, data, source, target)

    def _deliver(self, data: bytes, source: Address, target: Address) -> None:
        if target in self._sockets and target[0] not in self.down:
            self._sockets[target][1](data, source)


@dataclass
class _SimUdp:
    internet: Internet
    local_address: Address
    dead: bool = False

    def send(self, data: bytes, address: Address) -> None:
        if not self.dead:
            self.internet.carry(data, self.local_address, address)


@dataclass(frozen=True)
class Host:
    """One address; `open_udp` has the shape of `wzp_core.io.udp.UdpOpener`."""

    internet: Internet
    ip: str

    @asynccontextmanager
    async def open_udp(self, bind: Address, receiver: Receiver) -> AsyncIterator[UdpSocket]:
        net = self.internet
        if bind[1] == 0:
            net._next_port += 1
        address = (self.ip, bind[1] or net._next_port)
        if address in net._sockets:
            raise Unavailable(ErrorCode.NO_PORT, host=self.ip, port=bind[1])
        udp = _SimUdp(net, address)
        net._sockets[address] = udp, receiver
        try:
            yield udp
        finally:
            if not udp.dead:
                del net._sockets[address]
