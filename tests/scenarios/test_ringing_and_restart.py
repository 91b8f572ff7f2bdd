"""The relay forgets a call that rings: it goes on ringing, is answered, or ends on both sides within seconds."""

import asyncio
from collections.abc import Callable

import pytest

from tests.sim.script import BOB_IP, now, talking, two_phones
from tests.sim.sound import loudness
from tests.sim.world import RELAY_IP, Phone, Stage
from wzp_core.engine.commands import Answer, AnswerCall, HangUp, PlaceCall
from wzp_core.protocol.signal.call import HangupReason
from wzp_core.session.state import CallStage, EndReason

Scene = Callable[..., None]


async def ringing(alice: Phone, bob: Phone) -> str:
    alice.does(PlaceCall(bob.fingerprint))
    await alice.in_stage(CallStage.RINGING)
    call = (await bob.in_stage(CallStage.INCOMING)).call
    assert call is not None
    return call.call_id


@pytest.mark.parametrize("waits_s", [0.0, 0.3, 1.0, 3.0, 8.0, 15.0, 30.0])
def test_a_call_that_the_relay_forgot_while_it_rang_can_still_be_answered(scene: Scene, waits_s: float) -> None:
    async def script(stage: Stage) -> None:
        first = stage.relay()
        await first.__aenter__()
        async with two_phones(stage) as (alice, bob):
            call = await ringing(alice, bob)
            stage.internet.kill(RELAY_IP)
            async with stage.relay():
                await asyncio.sleep(waits_s)
                bob.does(AnswerCall(call, Answer.TRUSTED))
                await asyncio.sleep(20)
                assert alice.state.call.stage is bob.state.call.stage is CallStage.ACTIVE
                assert loudness(bob.sound.heard_since(now() - 0.5)) > 3000

    scene(script)


def test_who_gives_up_a_call_that_the_relay_forgot_is_not_answered_for_long(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        first = stage.relay()
        await first.__aenter__()
        async with two_phones(stage) as (alice, bob):
            await ringing(alice, bob)
            stage.internet.kill(RELAY_IP)
            alice.does(HangUp())
            async with stage.relay():
                await bob.in_stage(CallStage.ENDED, 25)
                await alice.sees(bob)
                await talking(alice, bob)

    scene(script)


def test_a_callee_that_does_not_come_back_to_the_new_relay_is_unreachable_within_seconds(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        first = stage.relay()
        await first.__aenter__()
        async with two_phones(stage) as (alice, bob):
            await ringing(alice, bob)
            stage.internet.kill(RELAY_IP)
            stage.internet.down.add(BOB_IP)
            async with stage.relay():
                ended = (await alice.in_stage(CallStage.ENDED, 30)).call
                assert ended.ended is EndReason.UNREACHABLE
                stage.internet.down.clear()
                await bob.in_stage(CallStage.ENDED, 45)
                await alice.sees(bob)
                await talking(alice, bob)

    scene(script)


def test_an_answer_to_a_call_that_is_over_ends_at_once(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, two_phones(stage) as (alice, bob):
            call = await ringing(alice, bob)
            relay._signals._calls._end(relay._signals._calls._find(call), (), HangupReason.NORMAL, now())
            bob.does(AnswerCall(call, Answer.TRUSTED))
            ended = (await bob.in_stage(CallStage.ENDED, 2)).call
            assert ended.ended is EndReason.FAILED

    scene(script)


def test_the_caller_of_a_forgotten_call_dials_again_at_once(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        first = stage.relay()
        await first.__aenter__()
        async with two_phones(stage) as (alice, bob):
            await ringing(alice, bob)
            stage.internet.kill(RELAY_IP)
            async with stage.relay():
                alice.does(HangUp())  # which no relay passes on any more
                await alice.in_stage(CallStage.ENDED, 2)
                await asyncio.sleep(0.5)
                alice.does(PlaceCall(bob.fingerprint))
                call = (await alice.in_stage(CallStage.RINGING, 10)).call.call_id
                await bob.until(lambda s: s.call.call_id == call and s.call.stage is CallStage.INCOMING, 2)
                bob.does(AnswerCall(call, Answer.TRUSTED))
                await alice.in_stage(CallStage.ACTIVE, 2)
                await bob.in_stage(CallStage.ACTIVE, 2)

    scene(script)
