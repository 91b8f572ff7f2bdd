"""What a hostile or merely different QUIC peer can do to an endpoint, on real sockets."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from wzp_core.compose import resolve
from wzp_core.crypto.certificate import tls_identity
from wzp_core.errors import Unavailable
from wzp_core.io.aioquic_private import Connection
from wzp_core.io.link import QuicLink
from wzp_core.io.quic import QuicEndpoint, open_endpoint
from wzp_core.io.quic_settings import configuration
from wzp_core.io.reception import SharedRoom
from wzp_core.ports import Address
from wzp_core.protocol.signal.codec import encode
from wzp_core.protocol.signal.framing import frame
from wzp_core.protocol.signal.presence import Ping

TLS = tls_identity(b"\x07" * 32)
LOOPBACK = ("127.0.0.1", 0)
SIGNAL = frame(encode(Ping(timestamp_ms=7)))


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[QuicLink, QuicLink, QuicEndpoint]]:
    async with open_endpoint(LOOPBACK, TLS) as server, open_endpoint(LOOPBACK) as client:
        dialled = await client.dial(server.local_address, "_signal", pin=TLS.fingerprint)
        yield dialled, await server.accept(), server


async def test_a_peer_that_stops_reading_the_half_it_never_reads_is_heard() -> None:
    """Other QUIC libraries send STOP_SENDING when a stream's receiving end is dropped (transport.md §4.1)."""
    async with pair() as (dialled, accepted, _):
        for _ in range(3):
            stream = dialled.connection.get_next_available_stream_id()
            dialled.connection.send_stream_data(stream, SIGNAL, end_stream=True)
            dialled.connection.stop_stream(stream, 0)
            dialled.probe()
            async with asyncio.timeout(2):
                assert await accepted.receive_signal() == Ping(timestamp_ms=7)
        await asyncio.sleep(0.05)
        assert not accepted.closed
        assert not dialled.closed  # which sees the other half of its streams reset


async def test_signals_held_back_behind_an_unfinished_one_are_bounded() -> None:
    async with pair() as (dialled, accepted, _):
        first = dialled.connection.get_next_available_stream_id()
        dialled.connection.send_stream_data(first, SIGNAL[:5])
        async with asyncio.timeout(10):
            for _ in range(2000):
                if accepted.closed or dialled.closed:
                    break
                dialled.send_signal(Ping(timestamp_ms=1))
                await asyncio.sleep(0.001)
            assert await accepted.wait_closed() == "too many unread signals"


async def test_a_connection_that_fails_to_write_takes_no_other_down() -> None:
    async with pair() as (dialled, accepted, server), open_endpoint(LOOPBACK) as other:
        second = await other.dial(server.local_address, "_signal")
        answers = await server.accept()

        def slip(_now: float) -> None:
            raise AssertionError("a slip of the library")

        accepted.connection.datagrams_to_send = slip  # type: ignore[method-assign,assignment]
        accepted.probe()
        answers.send_signal(Ping(timestamp_ms=9))
        async with asyncio.timeout(2):
            assert await second.receive_signal() == Ping(timestamp_ms=9)
            assert await accepted.wait_closed() == "internal error"
        dialled.close()


def first_flight(server: Address) -> bytes:
    connection = Connection(configuration=configuration(None, "_signal"), reset_key=os.urandom(32))
    now = asyncio.get_running_loop().time()
    connection.connect(server, now)
    return connection.datagrams_to_send(now)[0][0]


async def test_handshakes_that_nobody_goes_on_with_keep_nobody_out() -> None:
    """Forged source addresses cost an attacker nothing: ten packets a second would hold 256 places for ever."""
    async with open_endpoint(LOOPBACK, TLS) as server, open_endpoint(LOOPBACK) as client:
        for number in range(600):
            server._datagram_received(
                first_flight(server.local_address), ("127.0.0.1", 10_000 + number), server._sockets.main
            )
            if number % 50 == 0:
                await asyncio.sleep(0)
        dialled = await client.dial(server.local_address, "_signal", pin=TLS.fingerprint, timeout_s=3)
        accepted = await server.accept()
        dialled.send_signal(Ping(timestamp_ms=1))
        assert await accepted.receive_signal() == Ping(timestamp_ms=1)
        assert accepted.server_name == "_signal"


@pytest.mark.parametrize("host", ["a..b", "x" * 70 + ".example"])
async def test_a_host_name_that_is_none_cannot_be_reached(host: str) -> None:
    with pytest.raises(Unavailable):
        await resolve(host, 4433)


async def test_a_wary_endpoint_sends_strangers_less_than_they_sent_until_they_answer() -> None:
    async with open_endpoint(LOOPBACK, TLS, is_wary=True) as wary:
        connection = Connection(configuration=configuration(None, "call-call-18a1b2c3"), reset_key=bytes(32))
        connection.connect(wary.local_address, 0.0)
        flight = [data for data, _ in connection.datagrams_to_send(0.0)]
        loop, got = asyncio.get_running_loop(), list[bytes]()
        heard = asyncio.Event()

        class Stranger(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, _addr: Address) -> None:
                got.append(data)
                heard.set()

        transport, _ = await loop.create_datagram_endpoint(Stranger, LOOPBACK)
        for data in flight:
            transport.sendto(data, wary.local_address)
        await asyncio.wait_for(heard.wait(), 5)
        await asyncio.sleep(1.5)  # whatever would be said again
        transport.close()
        assert 0 < sum(map(len, got)) < sum(map(len, flight)) / 4


@pytest.mark.parametrize("is_vouched", [True, False])
async def test_who_answers_gets_into_a_wary_endpoint_at_once_where_it_is_vouched_for(is_vouched: bool) -> None:
    async with open_endpoint(LOOPBACK, TLS, is_wary=True) as wary, open_endpoint(LOOPBACK) as client:
        if is_vouched:
            wary.vouch(client.local_address)
        link = await client.dial(wary.local_address, "room", pin=TLS.fingerprint)
        await wary.accept()
        retried = link.connection._retry_source_connection_id is not None
        assert retried is not is_vouched


def test_all_links_together_hold_a_bounded_amount_and_small_holders_are_not_to_blame() -> None:
    room, megabyte = SharedRoom(), 1 << 20
    assert all(room.take(megabyte, 2 * megabyte) for _ in range(64))
    assert not room.take(megabyte, 2 * megabyte)
    assert room.take(1000, 1000)
    room.give_back(3 * megabyte)
    assert room.take(megabyte, 2 * megabyte)
