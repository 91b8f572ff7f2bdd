"""One direct call as a machine: no network, no clock."""

from dataclasses import replace

import pytest

from wzp_core.crypto.badge import Badge
from wzp_core.crypto.identity import Identity
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.ids import CallId
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.call import (
    CallAcceptMode,
    CallRinging,
    CallSetup,
    DirectCallAnswer,
    DirectCallOffer,
    Hangup,
    HangupReason,
    SasReveal,
)
from wzp_core.session.call import ENTROPY, RETURN_LIMIT_S, RING_LIMIT_S, Call
from wzp_core.session.call_events import (
    Answered,
    CallEffect,
    CallFinished,
    Declined,
    HungUp,
    MediaLost,
    MediaRefused,
    PacketOpened,
    PeerJudged,
    PeerPresent,
    Rejoined,
    SasCompared,
    SasOverdue,
    Send,
    StartMedia,
    TimerFired,
)
from wzp_core.session.state import CallStage, EndReason, Person, SasStage

ALICE, BOB, MALLORY = (Identity.from_seed(bytes([n]) * 32) for n in (1, 2, 3))
ID = CallId("18a1b2c3d4e5f607")
SETUP = CallSetup(call_id=ID, room=f"call-{ID}", relay_addr="203.0.113.1:4433")


def outgoing(**options: bool) -> tuple[Call, DirectCallOffer]:
    call = Call(
        ALICE,
        Person(fingerprint=BOB.fingerprint, alias="bob"),
        call_id=ID,
        entropy=bytes(range(ENTROPY)),
        allow_unprotected=options.get("allow_unprotected", False),
        was_end_to_end=options.get("was_end_to_end", False),
    )
    (offer,) = sent(call.start(0.0, alias="alice", build="test"))
    assert isinstance(offer, DirectCallOffer)
    return call, offer


def incoming(offer: DirectCallOffer, **options: bool) -> Call:
    return Call.incoming(
        BOB,
        offer,
        Person(fingerprint=ALICE.fingerprint, alias="alice"),
        entropy=bytes(reversed(range(ENTROPY))),
        allow_unprotected=options.get("allow_unprotected", False),
        was_end_to_end=options.get("was_end_to_end", False),
        now=0.0,
    )


def sent(effects: list[CallEffect]) -> list[SignalMessage]:
    return [effect.message for effect in effects if isinstance(effect, Send)]


def answer_of(effects: list[CallEffect]) -> DirectCallAnswer:
    (answer,) = [m for m in sent(effects) if isinstance(m, DirectCallAnswer)]
    return answer


def connected() -> tuple[Call, Call, list[CallEffect], list[CallEffect]]:
    caller, offer = outgoing()
    callee = incoming(offer)
    answer = answer_of(callee.handle(Answered(), 1.0))
    caller.handle(CallRinging(call_id=ID), 0.5)
    caller.handle(answer, 1.1)
    return caller, callee, caller.handle(SETUP, 1.2), callee.handle(SETUP, 1.2)


def exchange(caller: Call, callee: Call, pending: list[SignalMessage]) -> None:
    """Carries SAS signals back and forth until nobody says more."""
    to_callee = True
    while pending:
        target = callee if to_callee else caller
        pending = [m for signal in pending for m in sent(target.handle(signal, 2.0))]
        to_callee = not to_callee


def root_of(effects: list[CallEffect]) -> bytes | None:
    (start,) = [e for e in effects if isinstance(e, StartMedia)]
    return start.root


def test_both_sides_derive_the_same_root_and_read_the_same_code() -> None:
    caller, callee, at_caller, at_callee = connected()
    assert root_of(at_caller) == root_of(at_callee) is not None
    exchange(caller, callee, sent(at_caller))
    ours, theirs = caller.view().sas, callee.view().sas
    assert ours.stage is theirs.stage is SasStage.READY
    assert ours.code == theirs.code
    assert ours.choices == ()
    assert theirs.code in theirs.choices
    assert len(theirs.choices) == 4


def test_a_call_is_encrypted_only_once_a_packet_of_the_peer_was_opened() -> None:
    caller, _, _, _ = connected()
    assert caller.view().badge is Badge.RELAY_ONLY
    caller.handle(PacketOpened(), 2.0)
    assert caller.view().badge is Badge.ENCRYPTED
    assert caller.phase is CallStage.ACTIVE


def test_codes_that_match_make_the_call_and_the_contact_verified() -> None:
    caller, callee, at_caller, _ = connected()
    exchange(caller, callee, sent(at_caller))
    caller.handle(PacketOpened(), 2.0)
    assert PeerJudged(verified=True) in caller.handle(SasCompared(matches=True), 3.0)
    assert caller.view().badge is Badge.VERIFIED
    assert caller.view().sas.stage is SasStage.CONFIRMED


def test_codes_that_differ_end_the_call_and_mark_the_contact() -> None:
    caller, callee, at_caller, _ = connected()
    exchange(caller, callee, sent(at_caller))
    effects = callee.handle(SasCompared(matches=False), 3.0)
    assert PeerJudged(verified=False) in effects
    assert callee.view().ended is EndReason.SECURITY
    assert callee.view().peer.mismatched


def test_a_code_cannot_be_confirmed_before_it_is_shown() -> None:
    caller, _, _, _ = connected()
    assert caller.handle(SasCompared(matches=True), 2.0) == []
    assert not caller.view().peer.verified


def test_a_relay_that_puts_its_own_keys_into_the_answer_is_a_security_failure() -> None:
    caller, offer = outgoing()
    forged = Call.incoming(
        MALLORY,
        replace(offer, target_fingerprint=MALLORY.fingerprint, signature=b""),
        Person(fingerprint=ALICE.fingerprint),
        entropy=bytes(ENTROPY),
        allow_unprotected=True,
        was_end_to_end=False,
        now=0.0,
    )
    plain = answer_of(forged.handle(Answered(), 1.0))
    signed = replace(
        plain,
        identity_pub=MALLORY.public_key,
        ephemeral_pub=bytes(31) + b"\x09",
        signature=MALLORY.sign(b"x") + b"\x01",
    )
    effects = caller.handle(signed, 1.0)
    assert caller.view().ended is EndReason.SECURITY
    assert caller.view().ended_code is ErrorCode.WRONG_IDENTITY
    assert not any(isinstance(e, StartMedia) for e in effects)


def test_an_offer_whose_ephemeral_key_was_replaced_never_rings() -> None:
    _, offer = outgoing()
    with pytest.raises(RemoteViolation) as refused:
        incoming(replace(offer, ephemeral_pub=MALLORY.public_key))
    assert refused.value.code is ErrorCode.BAD_SIGNATURE


def test_a_wrong_reveal_ends_the_call_in_red() -> None:
    _, callee, at_caller, _ = connected()
    (commit,) = sent(at_caller)
    callee.handle(commit, 2.0)
    callee.handle(SasReveal(call_id=ID, nonce=bytes(32)), 2.0)
    assert callee.view().ended is EndReason.SECURITY
    assert callee.view().ended_code is ErrorCode.VERIFICATION_FAILED
    assert callee.view().sas.stage is SasStage.FAILED


def test_an_older_peer_is_refused_unless_the_user_allows_it() -> None:
    plain = DirectCallAnswer(call_id=ID, accept_mode=CallAcceptMode.ACCEPT_TRUSTED)
    strict, _ = outgoing()
    strict.handle(plain, 1.0)
    assert (strict.view().ended, strict.view().ended_code) == (EndReason.NOT_PROTECTED, ErrorCode.NOT_ENCRYPTED)
    lenient, _ = outgoing(allow_unprotected=True)
    lenient.handle(plain, 1.0)
    assert root_of(lenient.handle(SETUP, 1.1)) is None
    lenient.handle(PacketOpened(), 2.0)
    assert lenient.view().badge is Badge.RELAY_ONLY
    assert lenient.view().sas.stage is SasStage.NONE


def test_a_peer_that_lost_its_encryption_is_a_downgrade_whatever_the_setting() -> None:
    call, _ = outgoing(allow_unprotected=True, was_end_to_end=True)
    call.handle(DirectCallAnswer(call_id=ID, accept_mode=CallAcceptMode.ACCEPT_TRUSTED), 1.0)
    assert (call.view().ended, call.view().ended_code) == (EndReason.NOT_PROTECTED, ErrorCode.DOWNGRADE)


def test_an_unprotected_incoming_call_is_labelled_and_may_be_answered() -> None:
    _, offer = outgoing()
    call = incoming(replace(offer, signature=b""))
    assert not call.view().protected_offer
    assert answer_of(call.handle(Answered(), 1.0)).signature in (None, b"")


def test_a_private_answer_says_so() -> None:
    _, offer = outgoing()
    answer = answer_of(incoming(offer).handle(Answered(private=True), 1.0))
    assert answer.accept_mode is CallAcceptMode.ACCEPT_GENERIC
    assert answer.callee_reflexive_addr is None


def test_a_declined_call_ends_on_both_sides() -> None:
    caller, offer = outgoing()
    callee = incoming(offer)
    assert answer_of(callee.handle(Declined(), 1.0)).accept_mode is CallAcceptMode.REJECT
    caller.handle(CallRinging(call_id=ID), 0.5)
    assert caller.handle(Hangup(reason=HangupReason.NORMAL, call_id=ID), 1.1) == [CallFinished()]
    assert caller.view().ended is EndReason.DECLINED


@pytest.mark.parametrize(
    ("rang", "reason", "ended"),
    [
        (False, HangupReason.NORMAL, EndReason.UNREACHABLE),
        (True, HangupReason.BUSY, EndReason.BUSY),
        (True, HangupReason.TIMEOUT, EndReason.NO_ANSWER),
        (True, HangupReason.NORMAL, EndReason.DECLINED),
    ],
)
def test_the_caller_learns_why_nobody_talks(rang: bool, reason: HangupReason, ended: EndReason) -> None:
    call, _ = outgoing()
    if rang:
        call.handle(CallRinging(call_id=ID), 0.5)
    call.handle(Hangup(reason=reason), 1.0)
    assert call.view().ended is ended


def test_a_ringing_call_that_nobody_answers_says_goodbye_after_a_minute() -> None:
    call, _ = outgoing()
    call.handle(CallRinging(call_id=ID), 5.0)
    assert call.deadline == 65.0
    assert call.handle(TimerFired(), 65.0) == [Send(Hangup(reason=HangupReason.TIMEOUT, call_id=ID)), CallFinished()]


def test_a_hangup_for_another_call_changes_nothing() -> None:
    call, _ = outgoing()
    assert call.handle(Hangup(reason=HangupReason.NORMAL, call_id=CallId("other")), 1.0) == []
    assert call.phase is CallStage.DIALLING


def test_lost_media_is_waited_for_and_then_given_up() -> None:
    caller, _, _, _ = connected()
    caller.handle(PacketOpened(), 2.0)
    caller.handle(MediaLost(), 10.0)
    assert (caller.phase, caller.deadline) == (CallStage.RECONNECTING, 40.0)
    caller.handle(PacketOpened(), 11.0)
    assert (caller.phase, caller.deadline) == (CallStage.ACTIVE, None)
    caller.handle(MediaLost(), 20.0)
    caller.handle(TimerFired(), 50.0)
    assert caller.view().ended is EndReason.LOST


def test_a_code_that_never_comes_is_not_waited_for_for_ever() -> None:
    caller, _, _, _ = connected()
    assert caller.view().sas.stage is SasStage.EXCHANGING
    caller.handle(SasOverdue(), 12.0)
    assert caller.view().sas.stage is SasStage.NONE
    assert caller.phase is CallStage.CONNECTING
    fresh, other, pending, _ = connected()
    exchange(fresh, other, sent(pending))
    fresh.handle(SasOverdue(), 12.0)
    assert fresh.view().sas.stage is SasStage.READY


@pytest.mark.parametrize(
    ("code", "ended"), [(ErrorCode.RELAY_KEY_CHANGED, EndReason.SECURITY), (ErrorCode.TIMED_OUT, EndReason.FAILED)]
)
def test_a_forged_relay_is_a_security_failure_and_a_broken_one_is_not(code: ErrorCode, ended: EndReason) -> None:
    caller, _, _, _ = connected()
    caller.handle(MediaRefused(code), 3.0)
    assert (caller.view().ended, caller.view().ended_code) == (ended, code)


def test_nothing_wakes_an_ended_call() -> None:
    call, offer = outgoing()
    call.handle(HungUp(), 1.0)
    for late in (CallRinging(call_id=ID), SETUP, PacketOpened(), TimerFired(), HungUp(), offer):
        assert call.handle(late, 2.0) == []
    assert call.view().ended is EndReason.HUNG_UP


def test_a_call_that_rings_is_offered_again_to_a_relay_that_may_have_forgotten_it() -> None:
    call, offer = outgoing()
    call.handle(CallRinging(call_id=ID), 1.0)
    assert call.handle(PeerPresent(), 2.0) == []
    call.handle(Rejoined(), 10.0)
    assert call.deadline == 10.0 + RETURN_LIMIT_S
    assert call.handle(PeerPresent(), 11.0) == [Send(offer)]
    assert call.handle(PeerPresent(), 12.0) == []
    call.handle(CallRinging(call_id=ID), 13.0)
    assert call.deadline == 1.0 + RING_LIMIT_S


def test_a_callee_that_never_comes_back_is_unreachable() -> None:
    call, _ = outgoing()
    call.handle(CallRinging(call_id=ID), 1.0)
    call.handle(Rejoined(), 10.0)
    call.handle(TimerFired(), 10.0 + RETURN_LIMIT_S)
    assert call.view().ended is EndReason.UNREACHABLE


def test_a_callee_goes_on_ringing_only_if_the_offer_comes_again() -> None:
    _, offer = outgoing()
    call = incoming(offer)
    call.handle(Rejoined(), 10.0)
    assert call.deadline == 10.0 + RETURN_LIMIT_S
    call.handle(offer, 11.0)
    assert call.deadline == RING_LIMIT_S


def test_an_offer_that_comes_again_is_answered_again() -> None:
    _, offer = outgoing()
    call = incoming(offer)
    answer = answer_of(call.handle(Answered(), 1.0))
    assert call.handle(offer, 2.0) == [Send(answer)]
    call.handle(SETUP, 3.0)
    assert call.handle(offer, 4.0) == []


@pytest.mark.parametrize("answered", [False, True])
def test_a_call_that_the_relay_gives_up_has_failed(answered: bool) -> None:
    caller, offer = outgoing()
    call = incoming(offer) if answered else caller
    if answered:
        call.handle(Answered(), 1.0)
    call.handle(Hangup(reason=HangupReason.ERROR, call_id=ID), 2.0)
    assert call.view().ended is EndReason.FAILED


def test_a_call_that_ended_while_the_connection_was_away_was_lost() -> None:
    """As after sleep: the relay, or the other side, says that it is over when we come back."""
    caller, _, _, _ = connected()
    caller.handle(PacketOpened(), 2.0)
    caller.handle(MediaLost(), 10.0)
    caller.handle(Hangup(reason=HangupReason.NORMAL), 20.0)
    assert caller.view().ended is EndReason.LOST
