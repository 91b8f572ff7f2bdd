"""The UDP sockets of one endpoint: a main one for each address family, and more where a hard NAT wants them."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias

from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.udp import UdpOpener, UdpSocket
from wzp_core.logs import event, logger
from wzp_core.ports import Address

_PATIENCE_S = 1.0  # with a system that takes nothing from us; longer after each new socket that did not help
_LONGEST_PATIENCE_S = 60.0

PortReceiver: TypeAlias = Callable[[bytes, Address, "Port"], None]

log = logger("sockets")


class Port:
    """Implements `ports.UdpPort`; a socket that the system has given up is replaced, and links go on with the next."""

    def __init__(self, bind: Address, open_socket: UdpOpener, receiver: PortReceiver) -> None:
        self._bind, self._open = bind, open_socket
        self._receive = lambda data, address: receiver(data, address, self)
        self._udp: UdpSocket = open_socket(bind, self._receive)
        self.local_address = self._udp.local_address
        self.is_v6 = ":" in bind[0]
        self._refused_at: float | None = None  # since then nothing was taken
        self._patience_s = _PATIENCE_S

    def send_raw(self, data: bytes, address: Address) -> None:
        if not self._udp.send(data, address):
            self._refused(data, address)
        elif self._refused_at is not None:
            self._refused_at, self._patience_s = None, _PATIENCE_S

    def network_changed(self) -> None:
        if self._refused_at is not None:
            self._open_again()

    def close(self) -> None:
        self._udp.close()

    def _refused(self, data: bytes, address: Address) -> None:
        now = asyncio.get_running_loop().time()
        if self._refused_at is None:
            self._refused_at = now
        elif now - self._refused_at >= self._patience_s:
            self._open_again()
            if not self._udp.send(data, address):
                self._try_another(data, address)
            self._refused_at, self._patience_s = now, min(_LONGEST_PATIENCE_S, 2 * self._patience_s)

    def _open_again(self) -> None:
        """On the same port, which routers know."""
        self._udp.close()
        with suppress(Unavailable):
            self._adopt(self._open((self._bind[0], self.local_address[1]), self._receive))

    def _try_another(self, data: bytes, address: Address) -> None:
        """The port itself may be what is refused, which shows where another one is not."""
        if self._bind[1]:
            return
        with suppress(Unavailable):
            other = self._open(self._bind, self._receive)
            if other.send(data, address):
                self._udp.close()
                self._adopt(other)
            else:
                other.close()

    def _adopt(self, udp: UdpSocket) -> None:
        event(log, "socket:opened_again", was=self.local_address[1], now=udp.local_address[1])
        self._udp, self.local_address = udp, udp.local_address


class Sockets:
    """Who has them open, and which one leads where."""

    def __init__(self, open_socket: UdpOpener, receiver: PortReceiver) -> None:
        self._open_socket, self._receiver = open_socket, receiver
        self._main: list[Port] = []
        self._kept: set[Port] = set()  # of `more`, that only a link still needs
        self._missing: Address | None = None  # of a family that this machine did not have

    @property
    def main(self) -> Port:
        if not self._main:
            raise Unavailable(ErrorCode.LINK_CLOSED, what="endpoint")
        return self._main[0]

    @property
    def main_addresses(self) -> tuple[Address, ...]:
        return tuple(port.local_address for port in self._main)

    def bind(self, address: Address, *, both_families: bool) -> None:
        """Raises Unavailable(NO_PORT). A port not asked for by number may be another one in the other family."""
        port = self._bind(address).local_address[1]
        if not both_families:
            return
        other = "0.0.0.0" if ":" in address[0] else "::"  # noqa: S104
        try:
            self._bind((other, port))
        except Unavailable:
            try:
                self._bind((other, 0))
            except Unavailable:
                self._missing = other, port
                return
            if address[1]:
                raise

    def network_changed(self) -> None:
        """What nothing was taken from is tried anew, and a family that is here now gets its socket."""
        for port in (*self._main, *self._kept):
            port.network_changed()
        if self._missing is not None:
            with suppress(Unavailable):
                self._bind(self._missing)
                self._missing = None

    def _bind(self, address: Address) -> Port:
        port = Port(address, self._open_socket, self._receiver)
        self._main.append(port)
        return port

    def towards(self, address: Address) -> Port | None:
        """The main socket of the address's family."""
        return next((port for port in self._main if port.is_v6 == (":" in address[0])), None)

    @contextmanager
    def more(self, count: int, carrying: Callable[[], set[Port]]) -> Iterator[tuple[Port, ...]]:
        """IPv4 sockets, as many as the system grants; those that carry a link in the end are kept for it."""
        ports: list[Port] = []
        try:
            with suppress(Unavailable):
                for _ in range(count):
                    ports.append(Port(("0.0.0.0", 0), self._open_socket, self._receiver))  # noqa: S104
            yield tuple(ports)
        finally:
            needed = carrying()
            self._kept.update(port for port in ports if port in needed)
            for port in ports:
                if port not in needed:
                    port.close()

    def release(self, carrying: Callable[[], set[Port]]) -> None:
        """A link has ended or moved: closes the kept sockets that no other link needs."""
        if self._kept:
            for port in self._kept - carrying():
                self._kept.discard(port)
                port.close()

    def close(self) -> None:
        for port in (*self._main, *self._kept):
            port.close()
