"""Clients that keep to no rule: forged addresses, raw packets, links that break one law of QUIC each."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.sim.network import Internet
from wzp_core.crypto.handshake import call_offer, register_presence
from wzp_core.crypto.identity import Identity
from wzp_core.io.aioquic_private import Connection
from wzp_core.io.link import QuicLink
from wzp_core.io.quic import QuicEndpoint
from wzp_core.io.quic_settings import configuration
from wzp_core.ports import Address
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.call import CallAnswer
from wzp_core.protocol.signal.presence import RegisterPresenceAck


def somebody(number: int) -> Identity:
    return Identity.from_seed(number.to_bytes(32, "big"))


def first_flight(chance: random.Random, target: Address, server_name: str = "_signal") -> bytes:
    """The first packet of a handshake that nobody goes on with."""
    connection = Connection(configuration=configuration(None, server_name), reset_key=chance.randbytes(32))
    now = asyncio.get_running_loop().time()
    connection.connect(target, now)
    return connection.datagrams_to_send(now)[0][0]


async def joined(endpoint: QuicEndpoint, relay: Address, room: str, who: Identity) -> QuicLink:
    link = await endpoint.dial(relay, room)
    link.send_signal(call_offer(who, ephemeral_secret=bytes(range(32))))
    assert isinstance(await link.receive_signal(), CallAnswer)
    return link


async def registered(endpoint: QuicEndpoint, relay: Address, who: Identity) -> QuicLink:
    link = await endpoint.dial(relay, "_signal")
    link.send_signal(register_presence(who))
    ack = await next_of(link, RegisterPresenceAck)
    assert ack.success, ack
    return link


async def next_of(link: QuicLink, kind: type[SignalMessage]) -> Any:
    while not isinstance(message := await link.receive_signal(), kind):
        pass
    return message


@contextmanager
def weighed(internet: Internet) -> Iterator[Counter[tuple[str, str]]]:
    """Bytes that cross, by source and target."""
    weights: Counter[tuple[str, str]] = Counter()

    def weigh(source: str, target: str, data: bytes) -> bytes:
        weights[source, target] += len(data)
        return data

    internet.tap = weigh
    try:
        yield weights
    finally:
        internet.tap = None


def send_with_a_gap(link: QuicLink, data: bytes) -> int:
    """Opens a stream whose first byte never comes; returns its number."""
    number = link.connection.get_next_available_stream_id()
    link.connection.send_stream_data(number, b"")
    sender = link.connection._streams[number].sender
    sender._buffer_start = sender._buffer_stop = 1
    link.connection.send_stream_data(number, data)
    link.probe()
    return number


def acknowledge_nothing(link: QuicLink) -> None:
    def forget(builder: Any, space: Any, now: float) -> None:
        space.ack_at = None

    link.connection._write_ack_frame = forget  # type: ignore[method-assign]
    link.connection.media_to_send = lambda now: None  # type: ignore[method-assign]  # takes them along otherwise


def take_nothing(link: QuicLink) -> None:
    """Gives the peer no more credit than it has."""
    link.connection._write_connection_limits = lambda **_: None  # type: ignore[method-assign]
    link.connection._write_stream_limits = lambda **_: None  # type: ignore[method-assign]
