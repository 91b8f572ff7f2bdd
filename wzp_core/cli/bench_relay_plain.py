"""Forwarders that `wzp bench relay` compares the relay with: plain UDP in Python, and aioquic's own serve().

Both do the least that a relay must: the first datagram names the room and is answered, each further one goes to
everybody else in it.
"""

import asyncio
import json
import socket
import sys
from collections import defaultdict
from collections.abc import Callable
from typing import Any, ClassVar

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import serve
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, DatagramFrameReceived, QuicEvent

from wzp_core.crypto.certificate import tls_identity
from wzp_core.io.udp import UdpSocket, bind_udp
from wzp_core.ports import Address

_ANY = ("127.0.0.1", 0)


class UdpForwarder:
    """One socket; a sender's address is its place in a room."""

    def __init__(self) -> None:
        self._rooms: defaultdict[bytes, list[Address]] = defaultdict(list)
        self._others: dict[Address, list[Address]] = {}
        self._socket: UdpSocket = bind_udp(_ANY, self._received)
        self.address = self._socket.local_address

    def _received(self, data: bytes, sender: Address) -> None:
        others = self._others.get(sender)
        if others is None or data.startswith(b"bench-"):
            self._join(data, sender)
            return
        for other in others:
            self._socket.send(data, other)

    def _join(self, room: bytes, sender: Address) -> None:
        members = self._rooms[room]
        if sender not in members:
            members.append(sender)
        for member in members:
            self._others[member] = [other for other in members if other != member]
        self._socket.send(room, sender)


class StockForwarder(QuicConnectionProtocol):
    """One participant on aioquic's own server."""

    rooms: ClassVar[defaultdict[bytes, list["StockForwarder"]]] = defaultdict(list)

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._room: list[StockForwarder] | None = None
        self._on_datagram: Callable[[bytes], None] = self._join

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, DatagramFrameReceived):
            self._on_datagram(event.data)
        elif isinstance(event, ConnectionTerminated) and self._room is not None:
            self._room.remove(self)

    def _join(self, room: bytes) -> None:
        self._room = self.rooms[room]
        self._room.append(self)
        self._on_datagram = self._forward
        self.send(room)

    def _forward(self, data: bytes) -> None:
        for other in self._room or ():
            if other is not self:
                other.send(data)

    def send(self, data: bytes) -> None:
        self._quic.send_datagram_frame(data)
        self.transmit()


def free_address() -> Address:
    """serve() does not say which port it was given."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(_ANY)
        host, port = probe.getsockname()
        return host, port


async def _main(kind: str) -> None:
    if kind == "udp":
        address = UdpForwarder().address
    else:
        tls = tls_identity(b"wzp bench" + bytes(23))
        configuration = QuicConfiguration(
            is_client=False,
            alpn_protocols=["wzp"],
            certificate=tls.certificate,
            private_key=tls.private_key,
            max_datagram_frame_size=65_535,
        )
        address = free_address()
        await serve(*address, configuration=configuration, create_protocol=StockForwarder)
    print(json.dumps({"event": "listening", "addr": f"{address[0]}:{address[1]}"}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
