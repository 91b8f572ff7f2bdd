"""A relay whose operator changes something, and one that is asked to stop."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from relay.config import TrustedRelay
from tests.sim.enemy import joined, next_of, registered, somebody, take_nothing
from tests.sim.network import Line
from tests.sim.world import RELAY_IP, RELAY_PORT, Stage
from wzp_core.errors import Unavailable
from wzp_core.io.quic import open_endpoint
from wzp_core.protocol.ids import parse_tls_fingerprint
from wzp_core.protocol.signal.presence import Ping, Pong

Scene = Callable[..., None]
RELAY = (RELAY_IP, RELAY_PORT)
TWO = "203.0.113.2"
CLIENT = ("0.0.0.0", 0)
HOST = "192.0.2.66"


def test_limits_change_under_those_who_are_there(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        host = stage.internet.host(HOST)
        async with stage.relay(max_sessions=2) as relay, open_endpoint(CLIENT, open_socket=host.open_udp) as endpoint:
            config = relay._signals.config
            link = await joined(endpoint, RELAY, "plaza", somebody(1))
            with pytest.raises(Unavailable):
                await joined(endpoint, RELAY, "plaza", somebody(2))
            slower = replace(config, max_sessions=10, media_packets_per_second=1.0, name="other", loudest=1)
            assert relay.reconfigure(slower) == ["name"]
            await joined(endpoint, RELAY, "plaza", somebody(2))
            for _ in range(100):
                link.send_media(bytes.fromhex("000000010000001400000000"))
                await asyncio.sleep(0.02)
            totals = relay.stats().totals
            assert totals.packets_limited > 80
            assert not link.closed

    scene(script)


def test_a_relay_that_is_trusted_no_more_is_cut_off_and_one_that_is_again_links(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        two_key = parse_tls_fingerprint(stage.relay_key(TWO))
        async with (
            stage.relay(trusted=(TrustedRelay(fingerprint=two_key),)) as one,
            stage.relay(TWO, peers=(stage.peer(RELAY_IP),)) as two,
        ):
            await up(lambda: one.federation.stats()[0].up and two.federation.stats()[0].up)
            trusting = one._signals.config
            one.reconfigure(replace(trusting, trusted=()))
            await up(lambda: not two.federation.stats()[0].up)
            assert one.federation.stats() == ()
            one.reconfigure(trusting)
            await up(lambda: one.federation.stats()[0].up and two.federation.stats()[0].up, 30)
            dialling = two._signals.config
            two.reconfigure(replace(dialling, peers=()))
            await up(lambda: not one.federation.stats()[0].up)
            two.reconfigure(dialling)
            await up(lambda: one.federation.stats()[0].up)

    scene(script)


async def up(holds: Callable[[], bool], limit_s: float = 10.0) -> None:
    async with asyncio.timeout(limit_s):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


def test_the_last_that_was_said_is_heard_before_the_end(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        host = stage.internet.host(HOST)
        async with open_endpoint(CLIENT, open_socket=host.open_udp) as endpoint:
            async with stage.relay() as relay:
                link = await registered(endpoint, RELAY, somebody(1))
                stage.internet.line = Line(delay_s=0.05, loss=0.3)
                for theirs in relay._endpoint._ids:  # type: ignore[attr-defined]
                    theirs.send_signal(Pong(timestamp_ms=77))
            assert await next_of(link, Pong) == Pong(timestamp_ms=77)
            assert await link.wait_closed() == "shutdown"

    scene(script)


def test_a_relay_that_stops_lets_nobody_in_and_waits_for_nobody_for_ever(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        host = stage.internet.host(HOST)
        loop = asyncio.get_running_loop()
        async with open_endpoint(CLIENT, open_socket=host.open_udp) as endpoint:
            relay_block = stage.relay()
            relay = await relay_block.__aenter__()
            link = await registered(endpoint, RELAY, somebody(1))
            take_nothing(link)
            theirs = next(iter(relay._endpoint._ids))  # type: ignore[attr-defined]
            theirs.connection._remote_max_data = 0  # it takes no more
            theirs.send_signal(Ping(timestamp_ms=1))
            began = loop.time()
            stopping = asyncio.create_task(relay_block.__aexit__(None, None, None))
            await asyncio.sleep(0.1)
            with pytest.raises(Unavailable):
                await endpoint.dial(RELAY, "_signal", timeout_s=1.5)
            assert not link.closed
            await stopping
            assert loop.time() - began < 2.5
            assert await link.wait_closed() == "shutdown"

    scene(script)
