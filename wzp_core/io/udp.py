"""One non-blocking UDP socket on the running loop."""

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Protocol, TypeAlias

from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.ports import Address

_LONGEST = 65_535
_BURST = 64  # datagrams taken per wake-up, so that one busy socket cannot starve the loop
_PAUSE_S = 0.002  # a busy socket is looked at so often, for whatever has come meanwhile
_JUDGED_S = 0.1  # how busy it is, is judged so often
_BUSY, _QUIET = 100, 50  # datagrams in that time: with more, and again with less, it changes
KERNEL_BUFFER_BYTES = 1 << 20  # asked for; the system may give less
_LOST = {errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS, errno.EMSGSIZE, errno.EINVAL}  # the datagram, not the socket

Receiver: TypeAlias = Callable[[bytes, Address], None]


class UdpSocket(Protocol):
    """What the QUIC endpoint needs of UDP; the simulated network has its own."""

    @property
    def local_address(self) -> Address: ...

    def send(self, data: bytes, address: Address) -> bool:
        """Sends or drops: UDP promises no more. False where the system refuses: no route, no interface, no socket."""

    def close(self) -> None: ...


UdpOpener: TypeAlias = Callable[[Address, Receiver], UdpSocket]
"""Binds a socket and hands every datagram to the receiver on the loop. Raises Unavailable(NO_PORT)."""


class _KernelUdp:
    """Wakes the loop for each datagram, or every two milliseconds where that would be oftener.

    To be woken costs a relay as much as to pass a packet on, and what is read together also leaves together.
    """

    def __init__(self, sock: socket.socket, receiver: Receiver) -> None:
        self._sock = sock
        self._receiver = receiver
        self._loop = asyncio.get_running_loop()
        self._poll: asyncio.TimerHandle | asyncio.Handle | None = None  # while it is busy
        self._taken = 0  # since `_since`
        self._since = self._loop.time()
        self._loop.add_reader(sock, self._readable)

    @property
    def local_address(self) -> Address:
        host, port = self._sock.getsockname()[:2]
        return str(host), int(port)

    def send(self, data: bytes, address: Address) -> bool:
        try:
            self._sock.sendto(data, address)
        except OverflowError:  # no such port
            return True
        except OSError as error:
            return error.errno in _LOST
        return True

    def close(self) -> None:
        if self._sock.fileno() < 0:
            return
        if self._poll is None:
            self._loop.remove_reader(self._sock)
        else:
            self._poll.cancel()
        self._sock.close()

    def _readable(self) -> None:
        self._drain()
        if self._is_due() and self._judge() > _BUSY and self._sock.fileno() >= 0:
            self._loop.remove_reader(self._sock)
            self._poll = self._loop.call_later(_PAUSE_S, self._look)

    def _look(self) -> None:
        is_empty = self._drain()
        if self._sock.fileno() < 0:
            return
        if self._is_due() and self._judge() < _QUIET:
            self._poll = None
            self._loop.add_reader(self._sock, self._readable)
        else:
            self._poll = self._loop.call_later(_PAUSE_S, self._look) if is_empty else self._loop.call_soon(self._look)

    def _is_due(self) -> bool:
        return self._loop.time() - self._since >= _JUDGED_S

    def _judge(self) -> float:
        """How many there were, on average of the time since the last judgement."""
        now = self._loop.time()
        taken = self._taken * _JUDGED_S / (now - self._since)
        self._taken, self._since = 0, now
        return taken

    def _drain(self) -> bool:
        """Whether it is empty then."""
        receive, receiver = self._sock.recvfrom, self._receiver
        errors = 0
        for _ in range(_BURST):
            try:
                data, address = receive(_LONGEST)
            except BlockingIOError:
                return True
            except OSError:  # an ICMP error of an earlier send, or a receiver has closed the socket
                if self._sock.fileno() < 0:
                    return True
                errors += 1
                continue
            self._taken += 1
            receiver(data, (address[0], address[1]))
        if errors == _BURST:  # it goes on like that: a socket that the system took away would only keep us busy
            self.close()
        return False


def bind_udp(bind: Address, receiver: Receiver) -> UdpSocket:
    """A `UdpOpener`. A socket of the address `::` takes IPv6 only: IPv4 has one of its own."""
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
    return _KernelUdp(sock, receiver)
