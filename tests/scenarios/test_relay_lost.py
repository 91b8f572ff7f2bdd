"""The relay is killed, and perhaps comes back, at every step of a call's set-up: nobody is left half in a call."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.sim.script import corrupt, now, talking, two_phones
from tests.sim.sound import loudness
from tests.sim.world import RELAY_IP, Phone, Stage
from wzp_core.engine.commands import Answer, AnswerCall, HangUp, PlaceCall
from wzp_core.errors import ErrorCode
from wzp_core.ports import Address
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.call import CallSetup
from wzp_core.session.state import CallStage, RelayPhase

Scene = Callable[..., None]


async def answered(bob: Phone) -> None:
    call = (await bob.in_stage(CallStage.INCOMING, 300)).call
    assert call is not None
    bob.does(AnswerCall(call.call_id, Answer.TRUSTED))


def stages_of(*phones: Phone) -> set[CallStage | None]:
    return {None if phone.state.call is None else phone.state.call.stage for phone in phones}


@pytest.mark.parametrize("comes_back", [True, False])
@pytest.mark.parametrize("step_ms", [0, 15, 30, 50, 65, 80, 100])
def test_a_relay_killed_during_set_up_leaves_no_call_behind(scene: Scene, step_ms: int, comes_back: bool) -> None:
    """A call either stands or has ended on both sides, and the next one works."""

    async def script(stage: Stage) -> None:
        first = stage.relay()
        await first.__aenter__()
        async with two_phones(stage) as (alice, bob):
            alice.does(PlaceCall(bob.fingerprint))
            await asyncio.sleep(min(step_ms, 40) / 1000)
            async with asyncio.TaskGroup() as tasks:
                answering = tasks.create_task(answered(bob))
                await asyncio.sleep(max(0, step_ms - 40) / 1000)
                stage.internet.kill(RELAY_IP)
                if not comes_back:
                    await asyncio.sleep(35)
                answering.cancel()
            async with stage.relay():
                await asyncio.sleep(20)
                if stages_of(alice, bob) == {CallStage.ACTIVE}:
                    assert loudness(bob.sound.heard_since(now() - 0.5)) > 3000
                    return
                await asyncio.sleep(45)
                assert stages_of(alice, bob) <= {CallStage.ENDED, None}
                for phone in (alice, bob):
                    phone.does(HangUp())
                await alice.sees(bob)
                await talking(alice, bob)

    scene(script)


def test_a_relay_that_was_never_there_is_not_called_a_lost_one_while_it_is_tried_again(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.phone("alice", "198.51.100.1") as alice:
            trying = await alice.until(lambda s: s.relay.phase is RelayPhase.RECONNECTING)
            assert trying.relay.error is ErrorCode.UNREACHABLE
            async with stage.relay():
                assert (await alice.until(lambda s: s.relay.phase is RelayPhase.ONLINE)).relay.error is None

    scene(script)


def at_a_port_where_nobody_is(message: SignalMessage) -> SignalMessage:
    return replace(message, relay_addr=f"{RELAY_IP}:9") if isinstance(message, CallSetup) else message


def test_a_call_whose_port_is_dead_already_goes_to_the_relays_main_port(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, two_phones(stage) as (alice, bob):
            corrupt(relay, at_a_port_where_nobody_is)
            await talking(alice, bob)
            await asyncio.sleep(5)
            assert loudness(bob.sound.heard_since(now() - 0.5)) > 3000
            assert loudness(alice.sound.heard_since(now() - 0.5)) > 3000

    scene(script)


def test_a_port_that_was_dead_once_is_not_asked_again_when_the_way_into_the_call_is_lost(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, two_phones(stage) as (alice, bob):
            corrupt(relay, at_a_port_where_nobody_is)
            await talking(alice, bob)
            await asyncio.sleep(5)
            asked: set[int] = set()
            carry = stage.internet.carry

            def watched(data: bytes, source: Address, target: Address) -> None:
                asked.add(target[1])
                carry(data, source, target)

            stage.internet.carry = watched  # type: ignore[method-assign]
            (room,) = relay._rooms
            relay._media.vacate(room)
            await asyncio.sleep(1)
            assert asked
            assert 9 not in asked
            assert loudness(bob.sound.heard_since(now() - 0.3)) > 3000
            assert loudness(alice.sound.heard_since(now() - 0.3)) > 3000

    scene(script)
