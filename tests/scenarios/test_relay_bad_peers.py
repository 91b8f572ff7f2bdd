"""Peers that break one law of QUIC each: what they make a relay hold is bounded, in space and in time."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aioquic.tls import Epoch

from relay.serve import Relay
from tests.sim.enemy import (
    acknowledge_nothing,
    first_flight,
    joined,
    registered,
    send_with_a_gap,
    somebody,
    take_nothing,
)
from tests.sim.world import RELAY_IP, RELAY_PORT, Stage
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.link import QuicLink
from wzp_core.io.quic import QuicEndpoint, open_endpoint
from wzp_core.protocol.signal.codec import encode
from wzp_core.protocol.signal.framing import frame
from wzp_core.protocol.signal.presence import Ping, Pong, PresenceList, PresenceUser

Scene = Callable[..., None]
RELAY = (RELAY_IP, RELAY_PORT)
HOME = "192.0.2.66"
WINDOW = 262_144
SIGNAL = frame(encode(Ping(timestamp_ms=1)))


def door(relay: Relay) -> QuicEndpoint:
    endpoint = relay._endpoint
    assert isinstance(endpoint, QuicEndpoint)
    return endpoint


@asynccontextmanager
async def client(stage: Stage, ip: str = HOME) -> AsyncIterator[QuicEndpoint]:
    async with open_endpoint(("0.0.0.0", 0), open_socket=stage.internet.host(ip).open_udp) as endpoint:
        yield endpoint


def at_the_relay(relay: Relay, link: QuicLink) -> QuicLink:
    ours = link.connection.host_cid
    return next(each for each in door(relay)._ids if each.connection._peer_cid.cid == ours)


async def still_answers(stage: Stage) -> None:
    async with client(stage, "198.51.100.9") as endpoint:
        link = await registered(endpoint, RELAY, somebody(9))
        link.send_signal(Ping(timestamp_ms=5))
        async with asyncio.timeout(1):
            while await link.receive_signal() != Pong(timestamp_ms=5):
                pass


def test_what_lies_out_of_order_stays_within_the_window_and_ends_the_link(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, client(stage) as endpoint:
            link = await registered(endpoint, RELAY, somebody(1))
            theirs = at_the_relay(relay, link)
            for _ in range(20):
                send_with_a_gap(link, bytes(100_000))
                await asyncio.sleep(1)
                streams = theirs.connection._streams.values()
                assert sum(len(stream.receiver._buffer) for stream in streams) <= WINDOW + 20
            assert await link.wait_closed() == "unfinished signal"
            await still_answers(stage)

    scene(script)


@pytest.mark.parametrize("kept_back", [SIGNAL[:5], b"\x00\x0f\x00\x00" + bytes(1000)])
def test_a_signal_that_is_never_finished_ends_the_link_in_half_a_minute(scene: Scene, kept_back: bytes) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, client(stage) as endpoint:
            link = await registered(endpoint, RELAY, somebody(1))
            stream = link.connection.get_next_available_stream_id()
            link.connection.send_stream_data(stream, kept_back)
            for _ in range(100):
                link.send_signal(Ping(timestamp_ms=2))
            await asyncio.sleep(20)
            assert not link.closed
            async with asyncio.timeout(20):
                assert await link.wait_closed() == "unfinished signal"
            assert door(relay)._unread.taken == 0
            await still_answers(stage)

    scene(script)


def test_a_client_that_acknowledges_nothing_is_given_up(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, client(stage) as endpoint:
            talker = await joined(endpoint, RELAY, "plaza", somebody(2))
            link = await joined(endpoint, RELAY, "plaza", somebody(1))
            await asyncio.sleep(1)
            theirs = at_the_relay(relay, link)
            acknowledge_nothing(link)
            kept = 0
            async with asyncio.timeout(40):
                while not link.closed:
                    talker.send_media(bytes.fromhex("000000010000001400000000") + bytes(60))
                    kept = max(kept, len(theirs.connection._spaces[Epoch.ONE_RTT].sent_packets))
                    await asyncio.sleep(0.02)
            assert await theirs.wait_closed() == "acknowledges nothing"
            assert kept < 3000
            await still_answers(stage)

    scene(script)


def test_a_client_that_takes_no_signals_is_cut_off_before_they_pile_up(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        everybody = PresenceList(users=tuple(PresenceUser(fingerprint="f" * 39, alias="x" * 64) for _ in range(4000)))
        async with stage.relay() as relay, client(stage) as endpoint:
            link = await registered(endpoint, RELAY, somebody(1))
            take_nothing(link)
            theirs = at_the_relay(relay, link)
            with pytest.raises(Unavailable) as refused:  # noqa: PT012
                for _ in range(30):
                    theirs.send_signal(everybody)
                    await asyncio.sleep(0.1)
            assert refused.value.code is ErrorCode.LIMIT
            assert theirs.connection.unsent_bytes < 8 << 20

    scene(script)


def test_more_packets_than_a_client_may_send_are_dropped_unread(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, client(stage) as endpoint:
            link = await joined(endpoint, RELAY, "plaza", somebody(1))
            link.connection._loss._cc.congestion_window = 1 << 30
            for number in range(10_000):
                link.send_media(bytes.fromhex("000000010000001400000000"))
                endpoint._flush(link, asyncio.get_running_loop().time())
                if number % 100 == 0:
                    await asyncio.sleep(0.02)
            assert 5_000 < relay.stats().totals.packets_refused < 10_000
            assert relay.stats().totals.packets_received < 5_000
            assert not link.closed

    scene(script)


def test_who_repeats_or_forges_anothers_packets_uses_up_nothing_of_the_others(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        overheard: list[bytes] = []

        def listen(source: str, target: str, data: bytes) -> bytes:
            if source == HOME:
                overheard.append(data)
            return data

        async with stage.relay() as relay, client(stage) as endpoint:
            link = await joined(endpoint, RELAY, "plaza", somebody(1))
            for _ in range(100):
                stage.internet.tap = listen
                link.send_media(bytes.fromhex("000000010000001400000000"))
                await asyncio.sleep(0.02)
                stage.internet.tap = None
                copy = overheard[-1]
                for number in range(100):
                    forged = copy if number % 2 else copy[:12] + bytes([number]) + copy[13:]
                    stage.internet.carry(forged, endpoint.local_address, RELAY)
            await asyncio.sleep(0.1)
            assert relay.stats().totals.packets_received == 100
            assert relay.stats().totals.packets_refused == 0

    scene(script)


def test_more_signal_data_than_a_client_may_send_ends_its_link(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), client(stage) as endpoint:
            link = await registered(endpoint, RELAY, somebody(1))
            stream_bytes = frame(b'{"Ping":{"timestamp_ms":1}}' + b" " * 1_000_000)
            for _ in range(4):
                stream = link.connection.get_next_available_stream_id()
                link.connection.send_stream_data(stream, stream_bytes, end_stream=True)
            link.probe()
            async with asyncio.timeout(20):
                assert await link.wait_closed() == "too many signal bytes"
            await still_answers(stage)

    scene(script)


def test_handshakes_that_real_addresses_do_not_finish_keep_nobody_out(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        chance = random.Random(5)

        def only_retries(source: str, target: str, data: bytes) -> bytes | None:
            return data if data[0] & 0xF0 == 0xF0 or not target.startswith("192.0.2.") else None

        async with stage.relay() as relay:
            stage.internet.tap = only_retries
            dials = []
            for number in range(600):
                endpoint = await dials_only(stage, f"192.0.2.{number % 20}")
                dials.append(endpoint)
                if number % 20 == 0:
                    await asyncio.sleep(0.1)
                stage.internet.carry(first_flight(chance, RELAY), ("192.0.2.77", 2000 + number), RELAY)
            assert len(door(relay)._half_open) <= 256
            await still_answers(stage)
            for each in dials:
                each.cancel()
            await asyncio.sleep(15)
            assert not door(relay)._half_open
            assert len(door(relay)._ids) <= 1

    scene(script)


def test_links_that_say_nothing_keep_nobody_out(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay() as relay:
            dials = []
            for number in range(400):
                dials.append(await dials_only(stage, f"192.0.2.{number % 20}"))
                if number % 20 == 0:
                    await asyncio.sleep(0.1)
            await still_answers(stage)
            assert relay.stats().totals.links_accepted > 256
            for each in dials:
                each.cancel()

    scene(script)


async def dials_only(stage: Stage, ip: str) -> "asyncio.Task[None]":
    async def dial() -> None:
        async with client(stage, ip) as endpoint:
            await (await endpoint.dial(RELAY, "_signal", timeout_s=60)).wait_closed()

    return asyncio.create_task(dial())
