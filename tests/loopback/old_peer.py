"""A client of an older build, written from the specification alone: a QUIC library as it comes, JSON and bytes by hand.

It shares no code with this project, so that a mistake in our codec cannot hide itself.
"""

import asyncio
import hashlib
import json
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, DatagramFrameReceived, QuicEvent, StreamDataReceived
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

GOOD = {"codec": "Opus24k", "fec_ratio": 0.2, "frame_duration_ms": 20, "frames_per_block": 5}
LIMIT_S = 15.0


class Person:
    """An identity key and its fingerprint."""

    def __init__(self, seed: bytes) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self.key.public_key().public_bytes_raw()
        digits = hashlib.sha256(self.public).hexdigest()[:32]
        self.fingerprint = ":".join(digits[at : at + 4] for at in range(0, 32, 4))

    def offer(self) -> dict[str, Any]:
        ephemeral = bytes(range(32))
        return {
            "CallOffer": {
                "identity_pub": list(self.public),
                "ephemeral_pub": list(ephemeral),
                "signature": list(self.key.sign(ephemeral + b"call-offer")),
                "supported_profiles": [GOOD],
                "alias": "Neon Fox",
            }
        }


class OldLink(QuicConnectionProtocol):
    """One connection: a signal per stream, a packet per datagram."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.datagrams: list[bytes] = []
        self._parts: dict[int, bytes] = {}
        self._signals: asyncio.Queue[Any] = asyncio.Queue()

    def quic_event_received(self, event: QuicEvent) -> None:
        match event:
            case DatagramFrameReceived(data=data):
                self.datagrams.append(data)
            case ConnectionTerminated():
                self._signals.put_nowait("closed")
            case StreamDataReceived(stream_id=stream, data=data, end_stream=end):
                self._parts[stream] = self._parts.get(stream, b"") + data
                if end and self._parts[stream]:
                    frame = self._parts[stream]
                    assert struct.unpack(">I", frame[:4]) == (len(frame) - 4,)
                    self._signals.put_nowait(json.loads(frame[4:]))

    def say(self, signal: Any) -> None:
        self.say_bytes(json.dumps(signal).encode())

    def say_bytes(self, text: bytes) -> None:
        self.write(struct.pack(">I", len(text)) + text)

    def write(self, frame: bytes) -> None:
        self._quic.send_stream_data(self._quic.get_next_available_stream_id(), frame, end_stream=True)
        self.transmit()

    def say_packet(self, packet: bytes) -> None:
        self._quic.send_datagram_frame(packet)
        self.transmit()

    async def next(self) -> tuple[str, Any]:
        """The next signal: its name and its fields."""
        async with asyncio.timeout(LIMIT_S):
            signal = await self._signals.get()
        return (signal, None) if isinstance(signal, str) else next(iter(signal.items()))

    async def until(self, wanted: str) -> Any:
        """The fields of the next one of that name."""
        while True:
            name, fields = await self.next()
            if name == wanted:
                return fields
            assert name != "closed", f"no {wanted}"

    async def talk(self, packets: int) -> None:
        """20 ms of Opus each; every fiftieth brings a quality report along, as an older sender's do."""
        for number in range(packets):
            reports = number % 50 == 49
            head = bytes([0x02 if reports else 0, 0]) + struct.pack(">HI", number, number * 20) + bytes(4)
            self.say_packet(head + b"\xf8\xff\xfe" + (b"\x05\x15\x0c\xc8" if reports else b""))
            await asyncio.sleep(0.02)


@asynccontextmanager
async def linked(port: int, server_name: str) -> AsyncIterator[OldLink]:
    configuration = QuicConfiguration(
        alpn_protocols=["wzp"],
        verify_mode=ssl.CERT_NONE,
        max_datagram_frame_size=65_535,
        server_name=server_name,
        idle_timeout=30.0,
    )
    async with connect("127.0.0.1", port, configuration=configuration, create_protocol=OldLink) as link:
        assert isinstance(link, OldLink)
        yield link


@asynccontextmanager
async def registered(port: int, person: Person) -> AsyncIterator[OldLink]:
    """On the relay, without a signature; the acknowledgement is the first that it hears."""
    async with linked(port, "_signal") as link:
        link.say({"RegisterPresence": {"identity_pub": list(person.public), "signature": [], "alias": "Neon Fox"}})
        name, fields = await link.next()
        assert (name, fields["success"]) == ("RegisterPresenceAck", True)
        yield link


@asynccontextmanager
async def in_room(port: int, room: str, person: Person) -> AsyncIterator[OldLink]:
    async with linked(port, room) as link:
        link.say(person.offer())
        answer = await link.until("CallAnswer")
        assert answer["chosen_profile"] == GOOD
        yield link
