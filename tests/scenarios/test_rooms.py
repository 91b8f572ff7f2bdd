"""Voice rooms, as the relay runs them and their members see them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest

from relay.config import RoomRule
from relay.decide.effects import ConnectionId
from relay.decide.rooms import room_of
from tests.sim.network import Line
from tests.sim.script import now, pitch
from tests.sim.sound import SimSound, loudness, tone
from tests.sim.world import RELAY_IP, Phone, Stage
from wzp_core.engine.commands import JoinRoom, LeaveRoom, SetMuted
from wzp_core.errors import ErrorCode
from wzp_core.protocol.media.report import QualityReport
from wzp_core.session.state import RoomStage
from wzp_core.settings.schema import NetworkSettings

Scene = Callable[..., None]

BOB_IP = "198.51.100.2"  # the second phone's
HZ = (440.0, 1000.0, 1600.0)


@asynccontextmanager
async def phones(stage: Stage, *amplitudes: int) -> AsyncIterator[list[Phone]]:
    """In one room; each hums its own note, so loud."""
    async with AsyncExitStack() as stack:
        members = []
        for number, amplitude in enumerate(amplitudes):
            sound = SimSound(tone(HZ[number], 1.0, amplitude))
            phone = stage.phone(
                f"phone {number}", f"198.51.100.{number + 1}", sound=sound, network=NetworkSettings(path="relay")
            )
            members.append(await stack.enter_async_context(phone))
        for phone in members:
            await phone.online()
            phone.does(JoinRoom("club"))
        for phone in members:
            await phone.until(lambda s: s.room is not None and len(s.room.participants) == len(amplitudes))
        yield members


def test_only_the_loudest_is_heard_and_the_next_one_as_soon_as_it_is_silent(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(loudest=1) as relay, phones(stage, 8000, 1000, 0) as (alice, bob, carol):
            await asyncio.sleep(3)
            assert abs(pitch(carol.sound.heard_since(now() - 1)) - HZ[0]) < 5
            withheld = relay.stats().totals.packets_withheld
            assert withheld > 200  # bob's and carol's
            alice.does(SetMuted(True))
            await asyncio.sleep(0.8)
            heard = carol.sound.heard_since(now() - 0.2)
            assert abs(pitch(heard) - HZ[1]) < 10
            assert loudness(heard) > 300
            alice.does(SetMuted(False))
            await asyncio.sleep(1.5)
            assert abs(pitch(carol.sound.heard_since(now() - 1)) - HZ[0]) < 5
            for phone in (alice, bob, carol):
                assert phone.state.room is not None
                assert phone.state.room.media.loss_pct < 1, "what was held back is not lost"

    scene(script)


def test_a_room_for_others_says_so_and_lets_in_whoever_is_listed_later(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        rule = RoomRule(name="Board", allow=frozenset())
        async with stage.relay(rooms=(rule,)) as relay, stage.phone("alice", "198.51.100.1") as alice:
            await alice.online()
            alice.does(JoinRoom("board"))
            await alice.until(lambda s: s.room is not None and s.room.stage is RoomStage.FAILED)
            assert alice.state.room is not None
            assert alice.state.room.error is ErrorCode.NOT_ADMITTED
            assert relay.stats().sessions == 0
            rules = (replace(rule, allow=frozenset({alice.fingerprint})),)
            relay.reconfigure(replace(relay._media.config, rooms=rules))
            await alice.until(lambda s: s.room is not None and s.room.stage is RoomStage.JOINED)
            assert alice.state.room.error is None

    scene(script)


def test_a_full_room_is_joined_as_soon_as_somebody_leaves(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with (
            stage.relay(max_room_members=2),
            phones(stage, 1000, 1000) as (alice, _bob),
            stage.phone("carol", "198.51.100.9") as carol,
        ):
            await carol.online()
            carol.does(JoinRoom("club"))
            await carol.until(lambda s: s.room is not None and s.room.error is ErrorCode.LIMIT)
            assert carol.state.room is not None
            assert carol.state.room.stage is RoomStage.JOINING
            alice.does(LeaveRoom())
            await carol.until(lambda s: s.room is not None and s.room.stage is RoomStage.JOINED)
            assert carol.state.room.error is None

    scene(script)


def quality(phone: Phone) -> str:
    assert phone.state.room is not None
    return phone.state.room.media.quality_tx


@pytest.mark.parametrize("policy", ["each", "weakest"])
def test_one_narrow_member_holds_the_others_down_only_where_the_relay_says_so(scene: Scene, policy: str) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(room_quality=policy), phones(stage, 2000, 2000) as (alice, bob):
            stage.internet.lines[(RELAY_IP, BOB_IP)] = Line(delay_s=0.02, rate_bit_s=40_000)
            if policy == "each":
                await asyncio.sleep(15)
                assert quality(alice) in ("Opus24k", "Opus32k")
                return
            await alice.until(lambda s: s.room.media.quality_tx == "Opus6k", 30)
            await bob.until(lambda s: s.room.media.rtt_ms < 250, 30)
            bob.does(LeaveRoom())
            await alice.until(lambda s: s.room.media.quality_tx == "Opus24k", 60)

    scene(script)


def test_a_room_that_follows_nobody_any_more_frees_its_members(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(room_quality="weakest") as relay, phones(stage, 2000) as (alice,):
            reported = relay._media.quality.follow(room_of("club"), ConnectionId(99))
            for _ in range(10):  # as a member on a hopeless path would
                await asyncio.sleep(1)
                reported(QualityReport.of(loss_pct=90, rtt_ms=40, jitter_ms=0).encode())
            assert quality(alice) == "Opus6k"
            relay._media.reconfigure(replace(relay._media.config, room_quality="each"))
            await alice.until(lambda s: s.room.media.quality_tx == "Opus24k", 60)

    scene(script)


def test_members_of_a_relay_that_bundles_packets_hear_each_other(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(trunking=True), phones(stage, 2000, 2000) as (alice, bob):
            await asyncio.sleep(3)
            for phone, hz in ((alice, HZ[1]), (bob, HZ[0])):
                assert phone.engine.room_session is not None
                got = phone.engine.room_session.stats()
                assert abs(pitch(phone.sound.heard_since(now() - 1)) - hz) < 5
                assert (got.rejected, got.missed) == (0, 0)
                assert got.opened > 100

    scene(script)
