"""A relay that is the enemy: it may replace, strip and replay whatever it forwards."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.sim.script import Forge, corrupt, two_phones
from tests.sim.world import Stage
from wzp_core.crypto.call_keys import CalleeKeys, CallerKeys
from wzp_core.crypto.identity import Identity
from wzp_core.engine.commands import Answer, AnswerCall, PlaceCall
from wzp_core.errors import ErrorCode
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.call import DirectCallAnswer, DirectCallOffer, SasNonce, SasReveal
from wzp_core.session.state import CallStage, EndReason, SasStage

Scene = Callable[..., None]
MALLORY = Identity.from_seed(b"\x66" * 32)
SECRET = b"\x67" * 32


def own_ephemeral_in_the_offer(message: SignalMessage) -> SignalMessage:
    return replace(message, ephemeral_pub=MALLORY.public_key) if isinstance(message, DirectCallOffer) else message


def own_keys_and_signature_in_the_offer(message: SignalMessage) -> SignalMessage:
    if not isinstance(message, DirectCallOffer):
        return message
    return CallerKeys(MALLORY, SECRET).offer(message)


def unsigned_offer(message: SignalMessage) -> SignalMessage:
    return replace(message, signature=b"") if isinstance(message, DirectCallOffer) else message


def aimed_at_mallory(offer: DirectCallOffer) -> DirectCallOffer:
    """An offer that Mallory can answer for real, from a caller of its own making."""
    caller = Identity.from_seed(b"\x68" * 32)
    mine = replace(offer, caller_fingerprint=caller.fingerprint, target_fingerprint=MALLORY.fingerprint)
    return CallerKeys(caller, SECRET).offer(mine)


@pytest.mark.parametrize("forge", [own_ephemeral_in_the_offer, own_keys_and_signature_in_the_offer])
def test_a_forged_offer_never_rings(scene: Scene, forge: Forge) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, two_phones(stage) as (alice, bob):
            corrupt(relay, forge)
            alice.does(PlaceCall(bob.fingerprint))
            assert (await alice.in_stage(CallStage.ENDED)).call.ended is not None
            assert all(state.call is None for state in bob.states)
            assert not any(s.call is not None and s.call.stage is CallStage.ACTIVE for s in alice.states)

    scene(script)


def test_an_offer_stripped_of_its_keys_rings_as_unprotected_and_fails_at_the_caller(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, two_phones(stage) as (alice, bob):
            corrupt(relay, unsigned_offer)
            alice.does(PlaceCall(bob.fingerprint))
            call = (await bob.in_stage(CallStage.INCOMING)).call
            assert not call.protected_offer
            bob.does(AnswerCall(call.call_id, Answer.TRUSTED))
            ended = (await alice.in_stage(CallStage.ENDED)).call
            assert (ended.ended, ended.ended_code) == (EndReason.NOT_PROTECTED, ErrorCode.NOT_ENCRYPTED)

    scene(script)


@pytest.mark.parametrize(
    ("forged", "code"),
    [
        ({"ephemeral_pub": MALLORY.public_key}, ErrorCode.BAD_SIGNATURE),
        ({"identity_pub": MALLORY.public_key}, ErrorCode.WRONG_IDENTITY),
        ({"signature": bytes(64) + b"\x01"}, ErrorCode.BAD_SIGNATURE),
    ],
)
def test_a_forged_answer_is_a_security_failure_at_the_caller(
    scene: Scene, forged: dict[str, bytes], code: ErrorCode
) -> None:
    def forge(message: SignalMessage) -> SignalMessage:
        return replace(message, **forged) if isinstance(message, DirectCallAnswer) else message  # type: ignore[arg-type]

    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, two_phones(stage) as (alice, bob):
            corrupt(relay, forge)
            alice.does(PlaceCall(bob.fingerprint))
            call = (await bob.in_stage(CallStage.INCOMING)).call
            bob.does(AnswerCall(call.call_id, Answer.TRUSTED))
            ended = (await alice.in_stage(CallStage.ENDED)).call
            assert (ended.ended, ended.ended_code) == (EndReason.SECURITY, code)
            await bob.in_stage(CallStage.ENDED)

    scene(script)


def test_one_who_sits_between_both_with_keys_of_its_own_is_not_the_one_dialled(scene: Scene) -> None:
    """The whole attack: a valid call to Bob as Mallory, and Mallory's answer to Alice in Bob's place."""
    offers: list[DirectCallOffer] = []

    def forge(message: SignalMessage) -> SignalMessage:
        match message:
            case DirectCallOffer():
                offers.append(message)
                as_mallory = replace(message, caller_fingerprint=MALLORY.fingerprint)
                return CallerKeys(MALLORY, SECRET).offer(as_mallory)
            case DirectCallAnswer():
                answer, _ = CalleeKeys(MALLORY, SECRET).answer(aimed_at_mallory(offers[0]), message)
                return answer
        return message

    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, two_phones(stage) as (alice, bob):
            corrupt(relay, forge)
            alice.does(PlaceCall(bob.fingerprint))
            call = (await bob.in_stage(CallStage.INCOMING)).call
            assert call.peer.fingerprint == MALLORY.fingerprint  # and so not Alice, on Bob's screen
            bob.does(AnswerCall(call.call_id, Answer.TRUSTED))
            ended = (await alice.in_stage(CallStage.ENDED)).call
            assert (ended.ended, ended.ended_code) == (EndReason.SECURITY, ErrorCode.WRONG_IDENTITY)

    scene(script)


def test_a_replaced_reveal_ends_the_call_in_red(scene: Scene) -> None:
    def forge(message: SignalMessage) -> SignalMessage:
        return replace(message, nonce=bytes(32)) if isinstance(message, SasReveal) else message

    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, two_phones(stage) as (alice, bob):
            corrupt(relay, forge)
            alice.does(PlaceCall(bob.fingerprint))
            call = (await bob.in_stage(CallStage.INCOMING)).call
            bob.does(AnswerCall(call.call_id, Answer.TRUSTED))
            ended = (await bob.in_stage(CallStage.ENDED)).call
            assert (ended.ended, ended.ended_code) == (EndReason.SECURITY, ErrorCode.VERIFICATION_FAILED)
            assert ended.sas.stage is SasStage.FAILED

    scene(script)


def test_a_replaced_nonce_shows_in_codes_that_differ(scene: Scene) -> None:
    def forge(message: SignalMessage) -> SignalMessage:
        return replace(message, nonce=bytes(32)) if isinstance(message, SasNonce) else message

    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, two_phones(stage) as (alice, bob):
            corrupt(relay, forge)
            alice.does(PlaceCall(bob.fingerprint))
            call = (await bob.in_stage(CallStage.INCOMING)).call
            bob.does(AnswerCall(call.call_id, Answer.TRUSTED))
            at_alice = (await alice.until(lambda s: s.call.sas.stage is SasStage.READY)).call.sas
            at_bob = (await bob.until(lambda s: s.call.sas.stage is SasStage.READY)).call.sas
            assert at_alice.code != at_bob.code
            assert at_alice.code not in at_bob.choices

    scene(script)
