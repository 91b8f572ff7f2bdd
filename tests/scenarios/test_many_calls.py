"""Two hundred calls on one engine, of every kind of end: nothing is left of any of them."""

import asyncio
import gc
import tracemalloc
from collections.abc import Callable

import pytest

from relay.serve import Relay
from tests.sim.script import BOB_IP, two_phones
from tests.sim.world import Phone, Stage
from wzp_core.engine.commands import Answer, AnswerCall, HangUp, PlaceCall
from wzp_core.session.state import CallStage, EndReason

Scene = Callable[..., None]

CALLS, TRACED = 200, 40
BYTES_PER_CALL = 4096  # history is kept, and what the simulation itself remembers is cleared


async def over(*phones: Phone) -> None:
    for phone in phones:
        await phone.in_stage(CallStage.ENDED, 60)
        phone.does(HangUp())
        await phone.until(lambda s: s.call is None)


async def rings(caller: Phone, callee: Phone) -> str:
    caller.does(PlaceCall(callee.fingerprint))
    await caller.in_stage(CallStage.RINGING)
    call = (await callee.in_stage(CallStage.INCOMING)).call
    assert call is not None
    return call.call_id


async def answered(stage: Stage, alice: Phone, bob: Phone) -> None:
    bob.does(AnswerCall(await rings(alice, bob), Answer.TRUSTED))
    await alice.in_stage(CallStage.ACTIVE)
    await bob.in_stage(CallStage.ACTIVE)
    bob.does(HangUp())
    await over(alice, bob)


async def declined(stage: Stage, alice: Phone, bob: Phone) -> None:
    bob.does(AnswerCall(await rings(bob, alice), Answer.DECLINE))
    alice.does(HangUp())
    await over(alice, bob)


async def given_up(stage: Stage, alice: Phone, bob: Phone) -> None:
    await rings(alice, bob)
    alice.does(HangUp())
    await over(alice, bob)


async def busy(stage: Stage, alice: Phone, bob: Phone) -> None:
    """Somebody else's call meets a running one."""
    call = await rings(alice, bob)
    carol = stage.carol  # type: ignore[attr-defined]
    carol.does(PlaceCall(bob.fingerprint))
    assert (await carol.in_stage(CallStage.ENDED)).call.ended is EndReason.BUSY
    bob.does(AnswerCall(call, Answer.PRIVATE))
    await alice.in_stage(CallStage.ACTIVE)
    alice.does(HangUp())
    await over(alice, bob, carol)


async def lost(stage: Stage, alice: Phone, bob: Phone) -> None:
    bob.does(AnswerCall(await rings(alice, bob), Answer.TRUSTED))
    await bob.in_stage(CallStage.ACTIVE)
    stage.internet.down.add(BOB_IP)
    await over(alice, bob)
    stage.internet.down.clear()
    await bob.online()
    await alice.until(lambda s: any(person.fingerprint == bob.fingerprint for person in s.present))


KINDS = (answered, declined, given_up, answered, busy)


def sizes(stage: Stage, relay: Relay, *phones: Phone) -> dict[str, int]:
    return {
        "tasks": len(asyncio.all_tasks()),
        "sockets": len(stage.internet._sockets),
        "links of the relay": len(relay._signals.outbox._links),
        "calls": len(relay._signals._calls),
        "calls by party": len(relay._signals._calls._calls_of),
        "absences": len(relay._signals._calls._absences),
        "kept signals": sum(len(phone.engine._signalling._outbox) for phone in phones),
    }


async def play(stage: Stage, alice: Phone, bob: Phone, numbers: range) -> None:
    for number in numbers:
        how = lost if number % 60 == 59 else KINDS[number % len(KINDS)]
        await how(stage, alice, bob)


@pytest.mark.timeout(120)
def test_nothing_grows_over_two_hundred_calls(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with (
            stage.relay(offers_per_minute=10_000.0, offers_per_minute_and_address=10_000.0) as relay,
            two_phones(stage) as (alice, bob),
            stage.phone("carol", "198.51.100.3") as carol,
        ):
            stage.carol = carol  # type: ignore[attr-defined]
            phones = (alice, bob, carol)
            await carol.sees(bob)

            async def rest() -> dict[str, int]:
                await asyncio.sleep(90)  # until the last links are forgotten
                for phone in phones:
                    phone.sound.heard.clear()
                    del phone.states[:]
                gc.collect()
                return sizes(stage, relay, *phones)

            await play(stage, alice, bob, range(60))
            before = await rest()
            await play(stage, alice, bob, range(60, CALLS - TRACED))
            assert await rest() == before
            tracemalloc.start()
            try:
                await play(stage, alice, bob, range(TRACED))  # until every link that is dialled anew was, once
                await rest()
                traced = tracemalloc.get_traced_memory()[0]
                await play(stage, alice, bob, range(TRACED))
                assert await rest() == before
                grown = tracemalloc.get_traced_memory()[0] - traced
            finally:
                tracemalloc.stop()
            assert grown / TRACED < BYTES_PER_CALL
            for name in ("calls", "calls by party", "absences", "kept signals"):
                assert before[name] == 0

    scene(script)
