"""One non-blocking UDP socket on the running loop."""

import asyncio
import socket
from collections.abc import Callable
from typing import Protocol, TypeAlias

from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.ports import Address

_LONGEST = 65_535
_BURST = 64  # datagrams taken per wake-up, so that one busy socket cannot starve the loop
KERNEL_BUFFER_BYTES = 1 << 20  # asked for; the system may give less

Receiver: TypeAlias = Callable[[bytes, Address], None]


class UdpSocket(Protocol):
    """What the QUIC endpoint needs of UDP; the simulated network has its own."""

    @property
    def local_address(self) -> Address: ...

    def send(self, data: bytes, address: Address) -> None:
        """Sends or drops: UDP promises no more."""

    def close(self) -> None: ...


UdpOpener: TypeAlias = Callable[[Address, Receiver], UdpSocket]
"""Binds a socket and hands every datagram to the receiver on the loop. Raises Unavailable(NO_PORT)."""


class _KernelUdp:
    def __init__(self, sock: socket.socket, receiver: Receiver) -> None:
        self._sock = sock
        self._receiver = receiver

    @property
    def local_address(self) -> Address:
        host, port = self._sock.getsockname()[:2]
        return str(host), int(port)

    def send(self, data: bytes, address: Address) -> None:
        try:
            self._sock.sendto(data, address)
        except (OSError, OverflowError):  # full buffer, no route, interface gone, no such port: the same as loss
            return

    def close(self) -> None:
        if self._sock.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._sock)
            self._sock.close()

    def drain(self) -> None:
        for _ in range(_BURST):
            try:
                data, address = self._sock.recvfrom(_LONGEST)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error of an earlier send
                continue
            self._receiver(data, (address[0], address[1]))


def bind_udp(bind: Address, receiver: Receiver) -> UdpSocket:
    """A `UdpOpener`. A socket of the address `::` takes IPv6 only: IPv4 has one of its own."""
    loop = asyncio.get_running_loop()
    is_v6 = ":" in bind[0]
    sock = socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        if is_v6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            sock.setsockopt(socket.SOL_SOCKET, option, KERNEL_BUFFER_BYTES)
        sock.bind(bind)
    except OSError as error:
        sock.close()
        facts = {"transport": "UDP", "host": bind[0], "port": bind[1], "cause": error.strerror}
        raise Unavailable(ErrorCode.NO_PORT, **facts) from error
    udp = _KernelUdp(sock, receiver)
    loop.add_reader(sock, udp.drain)
    return udp
