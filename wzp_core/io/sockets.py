"""The UDP sockets of one endpoint: a main one for each address family, and more where a hard NAT wants them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias

from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.udp import UdpOpener, UdpSocket
from wzp_core.ports import Address

PortReceiver: TypeAlias = Callable[[bytes, Address, "Port"], None]


class Port:
    """Implements `ports.UdpPort`."""

    def __init__(self, bind: Address, open_socket: UdpOpener, receiver: PortReceiver) -> None:
        self._udp: UdpSocket = open_socket(bind, lambda data, address: receiver(data, address, self))
        self.is_v6 = ":" in bind[0]

    @property
    def local_address(self) -> Address:
        return self._udp.local_address

    def send_raw(self, data: bytes, address: Address) -> None:
        self._udp.send(data, address)

    def close(self) -> None:
        self._udp.close()


class Sockets:
    """Who has them open, and which one leads where."""

    def __init__(self, open_socket: UdpOpener, receiver: PortReceiver) -> None:
        self._open_socket, self._receiver = open_socket, receiver
        self._main: list[Port] = []
        self._kept: set[Port] = set()  # of `more`, that only a link still needs

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
                return  # no such family
            if address[1]:
                raise

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
