"""People on different relays see each other and call each other."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.sim.fleet import CHAIN, RING, Fleet, Links, fleet, phones
from tests.sim.script import now, talking
from tests.sim.sound import SimSound, loudness, tone
from tests.sim.world import Phone, Stage
from wzp_core.crypto.badge import Badge
from wzp_core.engine.commands import Answer, AnswerCall, HangUp, PlaceCall
from wzp_core.protocol.ids import Fingerprint
from wzp_core.session.state import CallStage, EndReason, SasStage
from wzp_core.settings.schema import AudioSettings, NetworkSettings, Settings

Scene = Callable[..., None]

NAMES = ("alice", "bob", "carol")


async def present(phone: Phone, *others: Phone, limit_s: float = 10.0) -> None:
    """Exactly these are in the phone's lobby."""
    names = {other.fingerprint for other in others}
    await phone.until(lambda s: {person.fingerprint for person in s.present} == names, limit_s)


@pytest.mark.parametrize("links", [CHAIN, RING])
def test_everybody_sees_everybody_whatever_relay_dies_and_comes_back(scene: Scene, links: Links) -> None:
    async def script(stage: Stage) -> None:
        async with fleet(stage, links) as relays:
            home = {name: relays.address(number) for number, name in enumerate(NAMES)}
            async with phones(stage, home) as people:
                for phone in people:
                    await present(phone, *(other for other in people if other is not phone), limit_s=3)
                assert {person.alias for person in people[0].state.present} == {"bob", "carol"}
                for victim in range(3):
                    relays.kill(victim)
                    alone = people[victim]
                    neighbours = [phone for phone in people if phone is not alone]
                    if links is RING or victim != 1:
                        await present(neighbours[0], neighbours[1], limit_s=17)
                    await relays.start(victim)
                    for phone in people:
                        await present(phone, *(other for other in people if other is not phone), limit_s=10)

    scene(script)


async def ringing(caller: Phone, callee: Phone) -> str:
    """The call's id."""
    caller.does(PlaceCall(callee.fingerprint))
    call = (await callee.in_stage(CallStage.INCOMING)).call
    await caller.in_stage(CallStage.RINGING)
    assert call is not None
    return call.call_id


async def calling(caller: Phone, callee: Phone, answer: Answer = Answer.TRUSTED) -> None:
    await caller.sees(callee)
    await talking(caller, callee, answer)


async def hear(*people: Phone, since: float) -> None:
    await asyncio.sleep(1)
    for phone in people:
        assert loudness(phone.sound.heard_since(since)) > 3000


def sounding(*names: str, path: str = "relay") -> dict[str, dict[str, Any]]:
    network = NetworkSettings(use_stun=False, port_mapping=False, path=path)
    audio = AudioSettings(echo_cancellation=False)
    return {
        name: {"sound": SimSound(tone(440.0, 1.0)), "settings": Settings(alias=name, network=network, audio=audio)}
        for name in names
    }


@asynccontextmanager
async def apart(stage: Stage, links: Links) -> AsyncIterator[tuple[Fleet, Phone, Phone]]:
    """Two who see each other, on the first and the last relay."""
    async with fleet(stage, links) as relays:
        homes = dict(zip(("alice", "bob"), (relays.address(0), relays.address(2)), strict=True))
        async with phones(stage, homes, **sounding("alice", "bob")) as (alice, bob):
            await alice.sees(bob)
            await bob.sees(alice)
            yield relays, alice, bob


@pytest.mark.parametrize("links", [CHAIN, RING])
def test_a_call_across_relays_is_sealed_heard_once_and_ends_on_both_sides(scene: Scene, links: Links) -> None:
    async def script(stage: Stage) -> None:
        async with apart(stage, links) as (relays, alice, bob):
            await calling(alice, bob)
            codes = [(await p.until(lambda s: s.call.sas.stage is SasStage.READY)).call.sas.code for p in (alice, bob)]
            assert codes[0] == codes[1]
            await asyncio.sleep(1)
            await hear(alice, bob, since=now())
            for phone in (alice, bob):
                assert phone.state.call.badge is Badge.ENCRYPTED
                assert phone.engine.calls._session._media.pump.downlink.stats().duplicated == 0
            bob.does(HangUp())
            assert (await alice.in_stage(CallStage.ENDED)).call.ended is EndReason.PEER_HUNG_UP
            await bob.in_stage(CallStage.ENDED)
            assert [relay.stats().calls for relay in relays.relays.values()] == [0, 0, 0]

    scene(script)


def test_who_may_learn_addresses_does_so_across_relays_too_and_the_call_becomes_direct(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with fleet(stage, CHAIN) as relays:
            homes = dict(zip(("alice", "bob"), (relays.address(0), relays.address(2)), strict=True))
            async with phones(stage, homes, **sounding("alice", "bob", path="auto")) as (alice, bob):
                await calling(alice, bob)
                for phone in (alice, bob):
                    await phone.until(lambda s: s.call.media.path == "direct", 30)
                relays.kill(1)
                await asyncio.sleep(1)
                await hear(alice, bob, since=now())

    scene(script)


def test_declined_busy_and_gone_are_told_across_relays(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with apart(stage, CHAIN) as (relays, alice, bob):
            call = await ringing(alice, bob)
            bob.does(AnswerCall(call, Answer.DECLINE))
            assert (await alice.in_stage(CallStage.ENDED)).call.ended is EndReason.DECLINED
            alice.does(HangUp())
            await alice.until(lambda s: s.call is None)
            alice.does(PlaceCall(Fingerprint(":".join(["0001"] * 8))))
            assert (await alice.in_stage(CallStage.ENDED, 1)).call.ended is EndReason.UNREACHABLE
            alice.does(HangUp())
            await alice.until(lambda s: s.call is None)
            await calling(alice, bob)
            home = {"carol": relays.address(1)}
            async with stage.phone("carol", "198.51.100.3", relay=home["carol"]) as carol:
                await carol.sees(bob)
                carol.does(PlaceCall(bob.fingerprint))
                assert (await carol.in_stage(CallStage.ENDED)).call.ended is EndReason.BUSY
            assert bob.state.call.stage is CallStage.ACTIVE

    scene(script)


def test_two_who_call_each_other_across_relays_end_up_in_one_call(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with apart(stage, CHAIN) as (_, alice, bob):
            alice.does(PlaceCall(bob.fingerprint))
            bob.does(PlaceCall(alice.fingerprint))
            await alice.in_stage(CallStage.ACTIVE)
            await bob.in_stage(CallStage.ACTIVE)
            assert alice.state.call.call_id == bob.state.call.call_id

    scene(script)


@pytest.mark.parametrize(
    ("links", "victim", "away_s"),
    [(CHAIN, 0, 1.0), (CHAIN, 1, 1.0), (CHAIN, 2, 1.0), (RING, 2, 1.0), (CHAIN, 0, 17.0), (CHAIN, 1, 17.0)],
)
def test_ten_seconds_after_a_killed_relay_is_back_a_call_across_goes_on(
    scene: Scene, links: Links, victim: int, away_s: float
) -> None:
    async def script(stage: Stage) -> None:
        async with apart(stage, links) as (relays, alice, bob):
            await calling(alice, bob)
            await asyncio.sleep(2)
            relays.kill(victim)
            await asyncio.sleep(away_s)
            await relays.start(victim)
            await asyncio.sleep(9)
            for phone in (alice, bob):
                assert phone.state.call.stage is CallStage.ACTIVE
            await hear(alice, bob, since=now())
            alice.does(HangUp())
            assert (await bob.in_stage(CallStage.ENDED, 5)).call.ended is EndReason.PEER_HUNG_UP

    scene(script)


def test_a_goodbye_that_was_lost_with_a_relay_on_the_way_arrives_when_there_is_a_way_again(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with apart(stage, CHAIN) as (relays, alice, bob):
            await calling(alice, bob)
            relays.kill(1)
            await asyncio.sleep(0.1)
            alice.does(HangUp())
            await alice.in_stage(CallStage.ENDED)
            await asyncio.sleep(20)
            assert bob.state.call.stage is not CallStage.ENDED
            await relays.start(1)
            await bob.in_stage(CallStage.ENDED, 10)

    scene(script)


def test_a_caller_whose_relay_never_comes_back_is_given_up(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with apart(stage, CHAIN) as (relays, alice, bob):
            await calling(alice, bob)
            relays.kill(0)
            await bob.in_stage(CallStage.ENDED, 60)
            for _ in range(60):
                if not relays.relays[2].stats().calls:
                    break
                await asyncio.sleep(1)
            assert relays.relays[2].stats().calls == 0

    scene(script)


@pytest.mark.parametrize("links", [CHAIN, RING])
@pytest.mark.parametrize(("away_s", "answered_s"), [(0.0, 0.0), (0.0, 12.0), (1.0, 0.5), (1.0, 12.0), (8.0, 12.0)])
def test_a_call_that_the_callees_relay_forgot_while_it_rang_can_still_be_answered(
    scene: Scene, links: Links, away_s: float, answered_s: float
) -> None:
    async def script(stage: Stage) -> None:
        async with apart(stage, links) as (relays, alice, bob):
            call = await ringing(alice, bob)
            relays.kill(2)
            await asyncio.sleep(away_s)
            await relays.start(2)
            await asyncio.sleep(answered_s)
            bob.does(AnswerCall(call, Answer.TRUSTED))
            await alice.in_stage(CallStage.ACTIVE, 15)
            await bob.in_stage(CallStage.ACTIVE, 15)
            await hear(alice, bob, since=now())

    scene(script)


@pytest.mark.parametrize("links", [CHAIN, RING])
def test_a_caller_hears_within_seconds_of_a_refusal_that_the_callees_new_relay_passes_on(
    scene: Scene, links: Links
) -> None:
    async def script(stage: Stage) -> None:
        async with apart(stage, links) as (relays, alice, bob):
            call = await ringing(alice, bob)
            relays.kill(2)
            await relays.start(2)
            await asyncio.sleep(12)
            bob.does(AnswerCall(call, Answer.DECLINE))
            assert (await alice.in_stage(CallStage.ENDED, 3)).call.ended is EndReason.DECLINED

    scene(script)
