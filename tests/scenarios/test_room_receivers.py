"""Members of one room on lines of very different width."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from relay.serve import Relay
from tests.sim.network import Host, Line
from tests.sim.script import now
from tests.sim.world import RELAY_IP, RELAY_PORT, Stage
from wzp_core.crypto.identity import Identity
from wzp_core.engine.media_room import join_media_room
from wzp_core.io.quic import open_endpoint
from wzp_core.ports import Link
from wzp_core.protocol.media.header import HEADER_BYTES, MediaHeader
from wzp_core.protocol.profile import CodecId

Scene = Callable[..., None]

TALKERS = 4
NARROW_IP = "198.51.100.1"  # the first member's
_PAYLOAD_BYTES = 80  # Opus of 24 kbit/s and its seal: four talkers take three times what 64 kbit/s carry


@dataclass
class Member:
    """Speaks the protocol by hand; every packet says when it was sent."""

    link: Link
    stream_id: int
    ages: list[tuple[float, float]] = field(default_factory=list)  # when something was heard, and how old it was, s
    sequence: int = 0

    def hear(self, datagram: bytes) -> None:
        sent_us = int.from_bytes(datagram[HEADER_BYTES : HEADER_BYTES + 8], "big")
        self.ages.append((now(), now() - sent_us / 1e6))

    def talk(self) -> None:
        self.sequence += 1
        header = MediaHeader(
            codec=CodecId.OPUS_24K, sequence=self.sequence, timestamp_ms=self.sequence * 20, stream_id=self.stream_id
        )
        self.link.send_media(header.encode() + int(now() * 1e6).to_bytes(8, "big") + bytes(_PAYLOAD_BYTES - 8))

    def since(self, start: float) -> list[float]:
        return [age for at, age in self.ages if at >= start]


@asynccontextmanager
async def room(stage: Stage, relay: Relay, count: int) -> AsyncIterator[list[Member]]:
    async with AsyncExitStack() as stack:
        members = []
        for number in range(1, count + 1):
            host = Host(stage.internet, f"198.51.100.{number}")
            endpoint = await stack.enter_async_context(open_endpoint((host.ip, 0), open_socket=host.open_udp))
            link, stream_id, *_ = await join_media_room(
                endpoint,
                (RELAY_IP, RELAY_PORT),
                "general",
                Identity.from_seed(bytes([number]) * 32),
                alias="",
                pin=relay.fingerprint,
                ephemeral_secret=bytes([number]) * 32,
            )
            members.append(Member(link, stream_id))
            link.on_media(members[-1].hear)
        yield members


async def talk(members: list[Member], seconds: float) -> None:
    until = now() + seconds
    while now() < until:
        for member in members:
            member.talk()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("bit_s", "buffer_s", "seconds", "oldest_s"),
    [(64_000, 1.0, 15, 1.3), (64_000, 20.0, 25, 1.3), (16_000, 10.0, 40, 1.2)],
)
def test_a_receiver_on_a_narrow_line_delays_nobody_else_and_hears_what_is_new(
    scene: Scene, bit_s: int, buffer_s: float, seconds: int, oldest_s: float
) -> None:
    """A large buffer on the way would give out what is long over: the relay drops before it fills it again."""

    async def script(stage: Stage) -> None:
        async with stage.relay(max_share_per_address=1.0) as relay, room(stage, relay, TALKERS + 2) as members:
            narrow, *talkers, listener = members
            place = (RELAY_IP, NARROW_IP)
            stage.internet.lines[place] = Line(delay_s=0.02, rate_bit_s=bit_s, queue_s=buffer_s)
            began = now()
            await talk(talkers, seconds)
            for other in (*talkers, listener):
                heard = other.since(began)
                assert len(heard) > 0.99 * seconds * 50 * (TALKERS - (other is not listener))
                assert max(heard) < 0.08
            late = narrow.since(now() - 5)
            assert len(late) * (_PAYLOAD_BYTES + HEADER_BYTES) * 8 / 5 > 0.5 * bit_s
            assert max(late) < oldest_s
            held = max(len(seat.link.connection.datagrams_waiting) for seat in relay._media._seats.values())
            assert held <= 0.22 * 50 * TALKERS, "what is stale is not kept"
            del stage.internet.lines[place]
            await talk(talkers, 12)
            fresh = narrow.since(now() - 1)
            assert max(fresh) < 0.08
            assert len(fresh) > 0.95 * 50 * TALKERS

    scene(script)


def test_signals_reach_a_receiver_on_a_narrow_line_between_the_media(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(max_share_per_address=1.0) as relay, room(stage, relay, TALKERS + 1) as members:
            narrow, *talkers = members
            stage.internet.lines[RELAY_IP, NARROW_IP] = Line(delay_s=0.02, rate_bit_s=16_000, queue_s=10.0)
            talking = asyncio.create_task(talk(talkers, 60))
            await asyncio.sleep(40)
            while narrow.link.stats().signals_received:
                try:
                    async with asyncio.timeout(0.01):
                        await narrow.link.receive_signal()
                except TimeoutError:
                    break
            before = now()
            talkers[0].link.close()
            async with asyncio.timeout(5):
                await narrow.link.receive_signal()
            assert now() - before < 5
            await talking

    scene(script)


@pytest.mark.parametrize(("ramp_s", "missed_s"), [(1.5, 0.3), (4.0, 8.0)])
def test_a_long_way_back_for_acknowledgements_costs_a_listener_little(
    scene: Scene, ramp_s: float, missed_s: float
) -> None:
    """Somebody's upload fills the listener's line outwards: what he hears comes on the other half of it."""

    async def script(stage: Stage) -> None:
        async with stage.relay(max_share_per_address=1.0) as relay, room(stage, relay, 2) as (listener, talker):
            await talk([talker], 5)
            began, said = now(), talker.sequence
            while now() < began + ramp_s:
                stage.internet.lines[NARROW_IP, RELAY_IP] = Line(delay_s=0.02 + now() - began)
                await talk([talker], 0.1)
            await talk([talker], 30)
            heard = listener.since(began)
            assert len(heard) > talker.sequence - said - 50 * missed_s
            assert max(listener.since(now() - 15)) < 0.08

    scene(script)
