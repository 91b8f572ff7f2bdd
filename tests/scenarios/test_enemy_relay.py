"""A relay, or somebody through it, that sends what no honest one sends: no engine may stop for it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from relay.edge import room_session
from tests.sim.script import corrupt, now, talking, two_phones
from tests.sim.sound import loudness
from tests.sim.world import Stage
from wzp_core.engine.commands import Answer, AnswerCall, HangUp, PlaceCall
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.call import CallAnswer, CallSetup, DirectCallOffer, Mute
from wzp_core.session.state import CallStage, EndReason

Scene = Callable[..., None]


def test_a_forged_media_handshake_ends_the_call_and_nothing_else(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = room_session.call_answer

    def forged(*args: object, **kwargs: object) -> CallAnswer:
        return replace(honest(*args, **kwargs), signature=bytes(64))  # type: ignore[arg-type]

    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            monkeypatch.setattr(room_session, "call_answer", forged)
            alice.does(PlaceCall(bob.fingerprint))
            call = (await bob.in_stage(CallStage.INCOMING)).call
            bob.does(AnswerCall(call.call_id, Answer.TRUSTED))
            ends = {(await phone.in_stage(CallStage.ENDED)).call.ended for phone in (alice, bob)}
            assert EndReason.SECURITY in ends  # whoever joined first told the other
            monkeypatch.setattr(room_session, "call_answer", honest)
            await talking(alice, bob)

    scene(script)


@pytest.mark.parametrize("room", ["gr\u00fc\u00df", "call-", "x" * 70_000, "somebody-elses-room"])
def test_a_set_up_for_another_room_than_the_calls_own_is_refused(scene: Scene, room: str) -> None:
    def forge(message: SignalMessage) -> SignalMessage:
        return replace(message, room=room) if isinstance(message, CallSetup) else message

    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, two_phones(stage) as (alice, bob):
            corrupt(relay, forge)
            alice.does(PlaceCall(bob.fingerprint))
            call = (await bob.in_stage(CallStage.INCOMING)).call
            bob.does(AnswerCall(call.call_id, Answer.TRUSTED))
            assert (await alice.in_stage(CallStage.ENDED, 5)).call.ended is EndReason.SECURITY

    scene(script)


def test_a_glare_that_a_relay_made_up_without_encryption_is_not_answered(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, two_phones(stage) as (alice, bob):
            larger, smaller = sorted((alice, bob), key=lambda p: p.fingerprint, reverse=True)

            def forge(message: SignalMessage) -> SignalMessage:
                if not isinstance(message, DirectCallOffer):
                    return message
                return replace(
                    message,
                    call_id="18a1b2c3d4e5f607",
                    caller_fingerprint=smaller.fingerprint,
                    target_fingerprint=larger.fingerprint,
                    signature=b"",
                )

            relay._signals._calls._refusal = lambda *_a, **_k: None
            outbox = relay._signals.outbox
            honest = outbox._deliver

            def to_the_caller(connection: object, message: SignalMessage) -> None:
                if isinstance(message, DirectCallOffer):
                    connection = relay._signals._hub.connection_of(larger.fingerprint)
                honest(connection, forge(message))

            outbox._deliver = to_the_caller
            larger.does(PlaceCall(smaller.fingerprint))
            await asyncio.sleep(3)
            assert not any(s.call is not None and s.call.stage is CallStage.CONNECTING for s in larger.states)

    scene(script)


def test_a_repeated_offer_does_not_end_its_own_call(scene: Scene) -> None:
    offers: list[DirectCallOffer] = []

    def keep(message: SignalMessage) -> SignalMessage:
        if isinstance(message, DirectCallOffer):
            offers.append(message)
        return message

    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, two_phones(stage) as (alice, bob):
            corrupt(relay, keep)
            await talking(alice, bob)
            relay._signals.outbox._deliver(relay._signals._hub.connection_of(bob.fingerprint), offers[0])
            await asyncio.sleep(2)
            assert alice.state.call.stage is bob.state.call.stage is CallStage.ACTIVE
            assert loudness(bob.sound.heard_since(now() - 0.5)) > 3000

    scene(script)


def test_signals_after_the_end_of_a_call_are_not_kept(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            alice.does(HangUp())
            await bob.in_stage(CallStage.ENDED)
            connection = relay._signals._hub.connection_of(bob.fingerprint)
            for _ in range(50):
                relay._signals.outbox._deliver(connection, Mute())
            await asyncio.sleep(1)
            assert bob.engine.calls._session._inbox.qsize() == 0

    scene(script)
