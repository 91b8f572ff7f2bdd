"""A small internet in one process: hosts with addresses, lines with delay, jitter, loss and reordering."""

import asyncio
import random
from collections.abc import Callable
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
    burst: float = 1.0  # packets lost in a row, on average
    duplicate: float = 0.0  # share that comes twice
    rate_bit_s: float = 0.0  # 0: any; counted with the headers of IP and UDP
    queue_s: float = 1.0  # longer a packet does not wait: it is dropped


_HEADERS = 28


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
        self._busy_until: dict[tuple[str, str], float] = {}
        self._losing: dict[tuple[str, str], bool] = {}
        self.longest_wait_s: dict[tuple[str, str], float] = {}  # in queues; may be cleared
        self.down: set[str] = set()
        self._closed_ports: set[Address] = set()
        self._routers: dict[str, Router] = {}  # by outside and by inside address

    def host(self, ip: str) -> "Host":
        return Host(self, ip)

    def router(self, router: "Router", *inside: str) -> None:
        """Puts these hosts behind it; whoever is outside sees and reaches only its address."""
        self._routers |= dict.fromkeys((router.ip, *inside), router)

    def kill(self, ip: str) -> None:
        """Whoever runs there falls silent for ever; a new program may take the address."""
        for address, (udp, _) in list(self._sockets.items()):
            if address[0] == ip:
                udp.dead = True
                del self._sockets[address]

    def refuse(self, ip: str, *, ports: bool = False) -> None:
        """The sockets that are open there are of no use any more, as their owner hears when it sends.

        `ports`: nor is any that is bound to the same ports later.
        """
        for address, (udp, _) in self._sockets.items():
            if address[0] == ip:
                udp.refused = True
                self._closed_ports |= {address} if ports else set()

    def carry(self, data: bytes, source: Address, target: Address) -> None:
        ours, theirs = self._routers.get(source[0]), self._routers.get(target[0])
        if ours is not None and (ours is not theirs or target[0] == ours.ip):
            source = ours.out(source, target)
        if theirs is not None and theirs is not ours:
            behind = theirs.back(source, target) if target[0] == theirs.ip else None
            if behind is None:
                return  # private addresses mean nothing outside, and unasked packets are dropped
            target = behind
        elif ours is not None and target[0] == ours.ip:
            behind = ours.back(source, target) if ours.hairpin else None
            if behind is None:
                return
            target = behind
        line = self.lines.get((source[0], target[0]), self.line)
        if source[0] in self.down or target[0] in self.down or self._loses((source[0], target[0]), line):
            return
        if self.tap is not None:
            changed = self.tap(source[0], target[0], data)
            if changed is None:
                return
            data = changed
        delay = line.delay_s + self._random.random() * line.jitter_s
        if line.rate_bit_s:
            now = asyncio.get_running_loop().time()
            key = (source[0], target[0])
            starts = max(now, self._busy_until.get(key, now))
            if starts - now > line.queue_s:
                return
            self.longest_wait_s[key] = max(starts - now, self.longest_wait_s.get(key, 0.0))
            self._busy_until[key] = starts + (len(data) + _HEADERS) * 8 / line.rate_bit_s
            delay += self._busy_until[key] - now
        for _ in range(1 + (line.duplicate > 0 and self._random.random() < line.duplicate)):
            asyncio.get_running_loop().call_later(delay, self._deliver, data, source, target)

    def _loses(self, way: tuple[str, str], line: Line) -> bool:
        """Two states (Gilbert): what is lost goes on being lost until a run has its length."""
        if self._losing.get(way) and line.burst > 1.0:
            begins = 1.0 - 1.0 / line.burst
        else:
            begins = line.loss / (line.burst * (1.0 - line.loss) + line.loss * (line.burst == 1.0))
        self._losing[way] = self._random.random() < begins
        return self._losing[way]

    def _deliver(self, data: bytes, source: Address, target: Address) -> None:
        if target in self._sockets and target[0] not in self.down and not self._sockets[target][0].refused:
            self._sockets[target][1](data, source)


@dataclass
class _SimUdp:
    internet: Internet
    local_address: Address
    dead: bool = False
    refused: bool = False  # the system takes nothing from it and hands it nothing

    def send(self, data: bytes, address: Address) -> bool:
        if not self.dead and not self.refused:
            self.internet.carry(data, self.local_address, address)
        return not self.refused

    def close(self) -> None:
        if not self.dead:
            self.dead = True
            del self.internet._sockets[self.local_address]


@dataclass(frozen=True)
class Host:
    """One address; `open_udp` has the shape of `wzp_core.io.udp.UdpOpener`."""

    internet: Internet
    ip: str

    def open_udp(self, bind: Address, receiver: Receiver) -> UdpSocket:
        net = self.internet
        if bind[1] == 0:
            net._next_port += 1
        address = (self.ip, bind[1] or net._next_port)
        if address in net._sockets:
            raise Unavailable(ErrorCode.NO_PORT, host=self.ip, port=bind[1])
        udp = _SimUdp(net, address, refused=address in net._closed_ports)
        net._sockets[address] = udp, receiver
        return udp


@dataclass
class Router:
    """A NAT by its behaviour (RFC 4787): what a mapping and the filter depend on, and how ports are given out."""

    ip: str
    symmetric: bool = False  # mapping by destination, else one for all
    filtering: str = "port"  # none, address, port
    allocation: str = "preserving"  # preserving, sequential, random
    delta: int = 1
    hairpin: bool = False  # whether those inside reach each other by the outside address
    seed: int = 1

    def __post_init__(self) -> None:
        self._random = random.Random(f"{self.ip}{self.seed}")
        self._mappings: dict[tuple[Address, Address | None], int] = {}
        self._inside: dict[int, Address] = {}
        self._asked: dict[int, set[Address]] = {}
        self._next = self._random.randrange(20_000, 50_000)

    def out(self, source: Address, target: Address) -> Address:
        key = (source, target if self.symmetric else None)
        port = self._mappings.get(key)
        if port is None:
            port = self._mappings[key] = self._new_port(source[1])
            self._inside[port] = source
        self._asked.setdefault(port, set()).add(target)
        return self.ip, port

    def back(self, source: Address, target: Address) -> Address | None:
        asked = self._asked.get(target[1], set())
        if self.filtering == "port" and source not in asked:
            return None
        if self.filtering == "address" and source[0] not in {host for host, _ in asked}:
            return None
        return self._inside.get(target[1])

    def _new_port(self, wish: int) -> int:
        if self.allocation == "preserving" and wish not in self._inside:
            return wish
        while True:
            if self.allocation == "random":
                port = self._random.randrange(1024, 65_536)
            else:
                self._next += self.delta
                port = self._next
            if port not in self._inside:
                return port
