"""Ten thousand random byte strings at every door, in the middle of a call."""

import asyncio
import random
from collections.abc import Callable

from tests.sim.script import now, talking, two_phones
from tests.sim.sound import loudness
from tests.sim.world import Phone, Stage
from wzp_core.io.link import QuicLink
from wzp_core.protocol.media.header import MediaHeader
from wzp_core.protocol.profile import CodecId
from wzp_core.protocol.signal.framing import frame
from wzp_core.session.state import CallStage, RelayPhase

Scene = Callable[..., None]
COUNT = 10_000


def chance_bytes(chance: random.Random) -> bytes:
    data = bytearray(chance.randbytes(chance.choice((1, 4, 12, 30, 80, 1200))))
    data[0] = chance.choice((data[0], data[0] | 0xC0, 0x40 | data[0] & 0x3F))
    return bytes(data)


def door_of(phone: Phone) -> tuple[str, int]:
    return phone.engine._door.endpoint.local_address  # type: ignore[union-attr]


async def still_talking(alice: Phone, bob: Phone) -> None:
    await asyncio.sleep(1)
    for phone in (alice, bob):
        assert phone.state.call.stage is CallStage.ACTIVE
        assert phone.state.relay.phase is RelayPhase.ONLINE
        assert loudness(phone.sound.heard_since(now() - 0.5)) > 3000


def test_at_the_sockets_of_relay_and_phones(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        chance = random.Random(1)
        async with stage.relay() as relay, two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            for door in (("203.0.113.1", 4433), door_of(alice), door_of(bob)):
                for _ in range(COUNT):
                    stage.internet.carry(chance_bytes(chance), ("192.0.2.9", 9), door)
                await asyncio.sleep(0.1)
            await still_talking(alice, bob)
            assert relay.stats().totals.malformed_datagrams > 0

    scene(script)


def test_as_media_of_the_call_partner(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        chance = random.Random(2)
        limits = {"media_packets_per_second": float(COUNT), "media_kbit_per_second": float(COUNT)}
        async with stage.relay(**limits), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            link = alice.engine.calls._session._media.pump.link
            for number in range(COUNT):
                data = chance_bytes(chance)[:100]
                if number % 2:  # right shape, wrong content
                    header = MediaHeader(
                        codec=CodecId.OPUS_24K, sequence=number % 65_536, timestamp_ms=0, sealed=True, stream_id=1
                    )
                    data = header.encode() + data
                link.send_media(data)
                if number % 50 == 0:
                    await asyncio.sleep(0.02)
            await still_talking(alice, bob)
            report = bob.engine.calls.report()
            assert report.received.rejected > COUNT / 4
            assert report.received.undecodable == 0

    scene(script)


def test_as_signals_to_the_relay_and_from_it(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        chance = random.Random(3)
        async with stage.relay() as relay, two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            ours = alice.engine._signalling._link
            theirs = next(iter(relay._signals.outbox._links.values()))
            for link in (ours, theirs):
                assert isinstance(link, QuicLink)
                for number in range(COUNT // 10):
                    raw = chance_bytes(chance)[:80]
                    stream = link.connection.get_next_available_stream_id()
                    link.connection.send_stream_data(stream, frame(raw) if number % 2 else raw, end_stream=True)
                    link.probe()
                    if number % 20 == 0:
                        await asyncio.sleep(0.05)
            await still_talking(alice, bob)
            assert ours.stats().signals_refused + theirs.stats().signals_refused > COUNT / 10

    scene(script)
