"""The QUIC endpoint on real sockets."""

import asyncio
import os
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest

from wzp_core.crypto.certificate import tls_identity
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.io.link import LONGEST_DATAGRAM, QuicLink
from wzp_core.io.quic import QuicEndpoint, open_endpoint
from wzp_core.io.udp import bind_udp
from wzp_core.ports import Address
from wzp_core.protocol.ids import parse_tls_fingerprint
from wzp_core.protocol.signal.framing import frame
from wzp_core.protocol.signal.presence import Ping

TLS = tls_identity(b"\x07" * 32)
LOOPBACK = ("127.0.0.1", 0)


@asynccontextmanager
async def pair(server_name: str = "_signal") -> AsyncIterator[tuple[QuicLink, QuicLink, QuicEndpoint, QuicEndpoint]]:
    async with open_endpoint(LOOPBACK, TLS) as server, open_endpoint(LOOPBACK) as client:
        dialled = await client.dial(server.local_address, server_name, pin=TLS.fingerprint)
        yield dialled, await server.accept(), client, server


async def settled(link: QuicLink) -> None:
    """A round trip: what was sent before has arrived."""
    link.send_signal(Ping(timestamp_ms=0))
    await asyncio.sleep(0.05)


async def until(holds: Callable[[], bool], limit_s: float) -> None:
    for _ in range(round(limit_s / 0.01)):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"did not happen in {limit_s} s")


def raw_signal(link: QuicLink, data: bytes, *, end: bool = True) -> None:
    stream = link.connection.get_next_available_stream_id()
    link.connection.send_stream_data(stream, data, end_stream=end)
    link.probe()


async def test_the_acceptor_learns_the_server_name_and_the_dialler_the_certificate() -> None:
    async with pair("call-18a1b2c3") as (dialled, accepted, _, _):
        assert accepted.server_name == "call-18a1b2c3"
        assert dialled.peer_certificate == TLS.fingerprint
        assert accepted.peer_certificate is None


async def test_signals_arrive_in_the_order_of_their_streams_and_leave_no_stream_behind() -> None:
    async with pair() as (dialled, accepted, _, _):
        for number in range(300):
            dialled.send_signal(Ping(timestamp_ms=number))
        got = [await accepted.receive_signal() for _ in range(300)]
        assert got == [Ping(timestamp_ms=number) for number in range(300)]
        await settled(accepted)
        await settled(dialled)
        assert dialled.connection.open_streams <= 1
        assert accepted.connection.open_streams <= 1


@pytest.mark.parametrize(
    "bad",
    [
        frame(b'{"FromTheFuture":{"x":1}}'),
        frame(b"not json"),
        frame(b'{"Ping":{"timestamp_ms":"soon"}}'),
        b"\x00\x00",
        b"\xff\xff\xff\xff" + b"x" * 100,
        b"",
    ],
)
async def test_what_is_no_known_signal_is_counted_and_ends_nothing(bad: bytes) -> None:
    async with pair() as (dialled, accepted, _, _):
        raw_signal(dialled, bad)
        dialled.send_signal(Ping(timestamp_ms=7))
        assert await accepted.receive_signal() == Ping(timestamp_ms=7)
        assert accepted.stats().signals_refused == 1
        assert not accepted.closed


async def test_an_unfinished_signal_holds_back_only_those_behind_it() -> None:
    async with pair() as (dialled, accepted, _, _):
        raw_signal(dialled, frame(b'{"Ping":{"timestamp_ms":1}}')[:10], end=False)
        dialled.send_signal(Ping(timestamp_ms=2))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(accepted.receive_signal(), 0.1)
        dialled.connection.reset_stream(0, 0)
        dialled.probe()
        assert await accepted.receive_signal() == Ping(timestamp_ms=2)


async def test_a_flood_of_unfinished_signals_ends_the_link_not_the_memory() -> None:
    async with pair() as (dialled, accepted, _, server):
        for _ in range(100):
            raw_signal(dialled, (1 << 20).to_bytes(4, "big") + b"x" * 60_000, end=False)
        async with asyncio.timeout(10):
            assert await accepted.wait_closed() == "too many signal bytes"
        async with open_endpoint(LOOPBACK) as other:
            assert not (await other.dial(server.local_address, "_signal")).closed


async def test_signals_nobody_reads_end_the_link() -> None:
    async with pair() as (dialled, accepted, _, _):
        async with asyncio.timeout(10):
            while not accepted.closed:
                if not dialled.closed:
                    dialled.send_signal(Ping(timestamp_ms=1))
                await asyncio.sleep(0)
        assert await accepted.wait_closed() == "too many unread signals"


async def test_datagrams_are_delivered_even_those_that_came_before_the_handler() -> None:
    async with pair() as (dialled, accepted, _, _):
        dialled.send_media(b"early")
        await settled(dialled)
        got: list[bytes] = []
        accepted.on_media(got.append)
        dialled.send_media(b"late")
        await settled(dialled)
        assert got == [b"early", b"late"]


async def test_a_datagram_that_does_not_fit_is_dropped_and_blocks_nothing() -> None:
    async with pair() as (dialled, accepted, _, _):
        got: list[bytes] = []
        accepted.on_media(got.append)
        assert not dialled.send_media(b"x" * (LONGEST_DATAGRAM + 1))
        assert dialled.send_media(b"y" * LONGEST_DATAGRAM)
        await settled(dialled)
        assert got == [b"y" * LONGEST_DATAGRAM]
        assert dialled.stats().media_dropped == 1


async def test_a_full_media_queue_drops_the_oldest() -> None:
    async with pair() as (dialled, accepted, _, _):
        got: list[bytes] = []
        accepted.on_media(got.append)
        for number in range(1000):
            dialled.send_media(number.to_bytes(2, "big"))
        await asyncio.sleep(0.3)
        assert got == [number.to_bytes(2, "big") for number in range(872, 1000)]
        assert dialled.stats().media_dropped == 872


async def test_a_changed_certificate_is_refused_before_anything_is_sent() -> None:
    async with open_endpoint(LOOPBACK, TLS) as server, open_endpoint(LOOPBACK) as client:
        other = parse_tls_fingerprint("00" * 32)
        with pytest.raises(RemoteViolation) as refused:
            await client.dial(server.local_address, "_signal", pin=other)
        assert refused.value.code is ErrorCode.RELAY_KEY_CHANGED
        assert refused.value.facts == {"expected": other, "got": TLS.fingerprint}
        accepted = await server.accept()
        async with asyncio.timeout(5):
            assert await accepted.wait_closed() == "certificate changed"
        with pytest.raises(Unavailable):
            await accepted.receive_signal()


async def test_nobody_there_is_unreachable_in_time() -> None:
    async with open_endpoint(LOOPBACK) as client:
        with pytest.raises(Unavailable) as refused:
            await client.dial(("127.0.0.1", 9), "_signal", timeout_s=0.2)
        assert refused.value.code is ErrorCode.UNREACHABLE


async def test_closing_reaches_the_peer_with_its_reason() -> None:
    async with pair() as (dialled, accepted, _, _):
        dialled.close("hangup")
        async with asyncio.timeout(1):
            assert await accepted.wait_closed() == "hangup"
        with pytest.raises(Unavailable):
            accepted.send_signal(Ping(timestamp_ms=1))
        assert not accepted.send_media(b"x")


async def test_a_restarted_relay_tells_old_links_at_once() -> None:
    async with open_endpoint(LOOPBACK) as client:
        async with open_endpoint(LOOPBACK, TLS) as first:
            address = first.local_address
            link = await client.dial(address, "_signal")
            (await first.accept()).send_signal(Ping(timestamp_ms=1))
            await link.receive_signal()
            first.close = first._sockets.close  # type: ignore[method-assign]  # killed: no goodbye
        async with open_endpoint(address, TLS):
            link.probe()
            async with asyncio.timeout(2):
                assert await link.wait_closed() == "peer restarted"


async def test_one_socket_listens_and_dials_and_carries_probes() -> None:
    async with open_endpoint(LOOPBACK, TLS) as one, open_endpoint(LOOPBACK, tls_identity(b"\x08" * 32)) as two:
        both = await asyncio.gather(one.dial(two.local_address, "a"), two.dial(one.local_address, "b"))
        assert {(await one.accept()).server_name, (await two.accept()).server_name} == {"a", "b"}
        got: asyncio.Future[tuple[bytes, tuple[str, int]]] = asyncio.get_running_loop().create_future()
        stop = two.on_raw(lambda data, address, _port: got.set_result((data, address)) is None)
        one.send_raw(b"\x00\x01probe", two.local_address)
        assert await asyncio.wait_for(got, 1) == (b"\x00\x01probe", one.local_address)
        stop()
        assert not any(link.closed for link in both)


async def test_an_extra_socket_outlives_its_block_and_every_link_but_the_last() -> None:
    async with open_endpoint(LOOPBACK, TLS) as one, open_endpoint(LOOPBACK, tls_identity(b"\x08" * 32)) as two:
        with one.more_ports(1) as (port,):
            address = ("127.0.0.1", port.local_address[1])
            won, lost = await two.dial(address, "a"), await two.dial(address, "b")
            kept, ending = await one.accept(), await one.accept()
        got: asyncio.Queue[bytes] = asyncio.Queue()
        kept.on_media(got.put_nowait)
        ending.close("not-selected")
        await lost.wait_closed()
        await until(lambda: ending not in one._ids, 5)
        won.send_media(b"still here")
        assert await asyncio.wait_for(got.get(), 1) == b"still here"
        kept.close()
        await until(lambda: kept not in one._ids, 5)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
            again.bind(("0.0.0.0", address[1]))  # raises where the port is not free


async def test_a_link_follows_its_dialler_to_another_address_within_a_second() -> None:
    async with open_endpoint(LOOPBACK, TLS) as server, open_endpoint(LOOPBACK) as client:
        dialled = await client.dial(server.local_address, "_signal", pin=TLS.fingerprint)
        accepted = await server.accept()
        port = dialled.port
        port.close()
        port._adopt(bind_udp(LOOPBACK, port._receive))
        got: asyncio.Queue[bytes] = asyncio.Queue()
        dialled.on_media(got.put_nowait)
        client.network_changed()
        await until(lambda: accepted.remote_address == port.local_address, 1)
        accepted.send_media(b"over here")
        assert await asyncio.wait_for(got.get(), 1) == b"over here"


async def test_ten_thousand_random_datagrams_change_nothing_but_a_counter() -> None:
    chance = random.Random(1)
    async with pair() as (dialled, accepted, client, server):
        for number in range(10_000):
            size = chance.choice((1, 2, 9, 20, 40, 1200, 1300))
            data = bytearray(chance.randbytes(size))
            if number % 3 == 0:
                data[0] |= 0xC0  # looks like a long header
            endpoint = server if number % 2 else client
            endpoint._datagram_received(bytes(data), ("127.0.0.1", 9), endpoint._sockets.main)
        dialled.send_signal(Ping(timestamp_ms=5))
        assert await accepted.receive_signal() == Ping(timestamp_ms=5)
        assert server.malformed_datagrams > 0


async def test_the_build_goes_over_one_unidirectional_stream() -> None:
    async with pair("version") as (dialled, accepted, _, _):
        accepted.send_build(b"abc123" + os.urandom(0))
        assert await asyncio.wait_for(dialled.receive_build(), 1) == b"abc123"


async def test_silence_is_noticed_while_something_waits_for_its_acknowledgement() -> None:
    async with open_endpoint(LOOPBACK) as client:
        async with open_endpoint(LOOPBACK, TLS) as server:
            link = await client.dial(server.local_address, "_signal")
            await settled(link)
            assert link.stats().silent_s == 0.0
            server.close = server._sockets.close  # type: ignore[method-assign]
        link.probe()
        await asyncio.sleep(0.2)
        assert link.stats().silent_s > 0.15


async def test_a_reader_of_probes_that_fails_costs_the_others_nothing_and_may_leave_twice() -> None:
    async with open_endpoint(LOOPBACK) as one, open_endpoint(LOOPBACK) as two:
        heard = asyncio.Event()

        def broken(_data: bytes, _address: Address, _port: object) -> bool:
            raise ValueError

        forget = two.on_raw(broken)
        two.on_raw(lambda _data, _address, _port: heard.set() is None)
        one.send_raw(b"\x01probe", ("127.0.0.1", 70_000))
        one.send_raw(b"\x01probe", two.local_address)
        await asyncio.wait_for(heard.wait(), 5)
        forget()
        forget()


async def test_a_port_wanted_by_number_is_had_in_both_families_or_not_at_all() -> None:
    async with open_endpoint(("127.0.0.1", 0)) as taken:
        port = taken.local_address[1]
        with pytest.raises(Unavailable) as refused:
            async with open_endpoint(("::", port), TLS, both_families=True):
                pass
        assert refused.value.code is ErrorCode.NO_PORT
    async with open_endpoint(("::", port), TLS, both_families=True) as both:
        assert {address[1] for address in both.local_addresses} == {port}


class _Detour(asyncio.DatagramProtocol):
    """One socket on the way between a client and `server`; answers leave by `way_back`, which may be another's."""

    def __init__(self, server: Address) -> None:
        self._server = server
        self.client: Address | None = None
        self.way_back: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = self.way_back = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if addr == self._server and self.client is not None and self.way_back is not None:
            self.way_back.sendto(data, self.client)
        elif addr != self._server:
            self.client = addr
            self.transport.sendto(data, self._server)


async def test_packets_that_quic_refuses_are_no_sign_of_life() -> None:
    """An acceptor that moved is heard no more (RFC 9000 §9), and users of the link have to learn that."""
    loop = asyncio.get_running_loop()
    async with open_endpoint(LOOPBACK, TLS) as server, open_endpoint(LOOPBACK) as client:
        transport, detour = await loop.create_datagram_endpoint(lambda: _Detour(server.local_address), LOOPBACK)
        other, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, LOOPBACK)
        link = await client.dial(transport.get_extra_info("sockname"), "room")
        accepted, heard = await server.accept(), asyncio.Event()
        link.on_media(lambda _data: heard.set())
        accepted.send_media(b"before")
        await asyncio.wait_for(heard.wait(), 5)
        detour.way_back = other
        heard.clear()
        for _ in range(15):
            link.send_media(b"unanswered")
            accepted.send_media(b"from another address")
            await asyncio.sleep(0.02)
        assert not heard.is_set()
        assert link.stats().silent_s > 0.2
        detour.way_back = transport
        async with asyncio.timeout(5):
            while link.stats().silent_s > 0.1:
                accepted.send_media(b"and back")
                await asyncio.sleep(0.02)
        transport.close()
        other.close()
