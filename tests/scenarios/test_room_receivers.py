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
SECONDS = 15
NARROW_BIT_S = 64_000
WINDOW_BYTES = 64 * 1024  # that loss never closes
NARROW_IP = "198.51.100.1"  # the first member's
_PAYLOAD_BYTES = 80  # Opus of 24 kbit/s and its seal: four talkers take three times what the narrow line carries


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


@pytest.mark.parametrize("buffer_s", [1.0, 20.0])
def test_a_receiver_on_a_narrow_line_delays_nobody_else_and_hears_what_is_new_once_it_is_wide(
    scene: Scene, buffer_s: float
) -> None:
    """In a large buffer on the way there is as much as the congestion window lets out: then the relay drops it."""

    async def script(stage: Stage) -> None:
        async with stage.relay(max_share_per_address=1.0) as relay, room(stage, relay, TALKERS + 2) as members:
            narrow, *talkers, listener = members
            place = (RELAY_IP, NARROW_IP)
            stage.internet.lines[place] = Line(delay_s=0.02, rate_bit_s=NARROW_BIT_S, queue_s=buffer_s)
            began = now()
            await talk(talkers, SECONDS)
            for other in (*talkers, listener):
                heard = other.since(began)
                assert len(heard) > 0.99 * SECONDS * 50 * (TALKERS - (other is not listener))
                assert max(heard) < 0.08
            late = narrow.since(now() - 5)
            assert len(late) * (_PAYLOAD_BYTES + HEADER_BYTES) * 8 / 5 > 0.5 * NARROW_BIT_S
            assert max(late) < 0.3 + min(buffer_s, 1.2 * WINDOW_BYTES * 8 / NARROW_BIT_S)
            held = max(len(seat.link.connection.datagrams_waiting) for seat in relay._media._seats.values())
            assert held <= 0.2 * 50 * TALKERS + 1, "what is stale is not kept"
            del stage.internet.lines[place]
            await talk(talkers, 12)
            fresh = narrow.since(now() - 1)
            assert max(fresh) < 0.08
            assert len(fresh) > 0.95 * 50 * TALKERS

    scene(script)
