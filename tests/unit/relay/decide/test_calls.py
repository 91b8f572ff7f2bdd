from dataclasses import replace

import pytest

from relay.decide.calls import RESUME_WINDOW_S, RING_LIMIT_S, CallRegistry
from relay.decide.effects import Effect, Send
from wzp_core.errors import RemoteViolation
from wzp_core.protocol.ids import CallId, Fingerprint
from wzp_core.protocol.profile import GOOD
from wzp_core.protocol.signal.call import (
    CallAcceptMode,
    CallRinging,
    CallSetup,
    DirectCallAnswer,
    DirectCallOffer,
    Hangup,
    HangupReason,
    MuteState,
    SasCommit,
)
from wzp_core.protocol.signal.path import CandidateUpdate, HardNatProbe, MediaPathReport

A, B, C = (Fingerprint(":".join([f"{digit}{digit}{digit}{digit}"] * 8)) for digit in "abc")
CALL = CallId("18a1b2c3d4e5f607")
LATE = 1000.0  # long after the relay's start

OFFER = DirectCallOffer(
    caller_fingerprint=A,
    caller_alias="Ann",
    target_fingerprint=B,
    call_id=CALL,
    identity_pub=bytes(32),
    ephemeral_pub=bytes(32),
    signature=b"",
    supported_profiles=(GOOD,),
    caller_reflexive_addr="203.0.113.5:40112",
    caller_local_addrs=("192.168.88.21:40112",),
    caller_mapped_addr="203.0.113.5:40113",
)
ANSWER = DirectCallAnswer(
    call_id=CALL,
    accept_mode=CallAcceptMode.ACCEPT_TRUSTED,
    callee_reflexive_addr="198.51.100.9:51200",
    callee_local_addrs=("10.0.0.7:51200",),
)
MUTED = MuteState(call_id=CALL, muted=True)
REPORT = MediaPathReport(call_id=CALL, direct_ok=True, race_winner="Direct")


def registry(*present: Fingerprint, **limits: int) -> CallRegistry:
    calls = CallRegistry(started_at=0.0, **limits)
    for client in present or (A, B, C):
        assert calls.arrived(client, f"relay-of-{client[0]}:4433") == []
    return calls


def talking(mode: CallAcceptMode = CallAcceptMode.ACCEPT_TRUSTED) -> CallRegistry:
    calls = registry()
    calls.handle(A, OFFER, LATE)
    calls.handle(B, replace(ANSWER, accept_mode=mode), LATE)
    return calls


def goodbye(to: Fingerprint, reason: HangupReason, call_id: CallId = CALL) -> Effect:
    return Send(to, Hangup(reason=reason, call_id=call_id))


def test_an_offer_rings_without_telling_where_the_caller_is() -> None:
    hidden = replace(OFFER, caller_reflexive_addr=None, caller_local_addrs=(), caller_mapped_addr=None)
    assert registry().handle(A, OFFER, LATE) == [Send(B, hidden), Send(A, CallRinging(call_id=CALL))]


@pytest.mark.parametrize("mode", [CallAcceptMode.ACCEPT_TRUSTED, CallAcceptMode.ACCEPT_GENERIC])
def test_what_an_older_caller_tells_of_its_router_waits_for_a_trusting_answer(mode: CallAcceptMode) -> None:
    probe = HardNatProbe(
        call_id=CALL, port_sequence=(40_001, 40_002), allocation="random", probe_time_ms=1, external_ip="203.0.113.5"
    )
    calls = registry()
    calls.handle(A, OFFER, LATE)
    assert calls.handle(A, probe, LATE) == []
    told = calls.handle(B, replace(ANSWER, accept_mode=mode), LATE)
    assert (told[-1] == Send(B, probe)) == (mode is CallAcceptMode.ACCEPT_TRUSTED)
    assert sum(isinstance(each, Send) and each.message == probe for each in told) == (told[-1] == Send(B, probe))


def test_a_trusting_answer_gives_each_side_the_other_sides_addresses() -> None:
    calls = registry()
    calls.handle(A, OFFER, LATE)
    to_caller = CallSetup(
        call_id=CALL,
        room=f"call-{CALL}",
        relay_addr="relay-of-a:4433",
        peer_direct_addr="198.51.100.9:51200",
        peer_local_addrs=("10.0.0.7:51200",),
    )
    to_callee = CallSetup(
        call_id=CALL,
        room=f"call-{CALL}",
        relay_addr="relay-of-b:4433",
        peer_direct_addr="203.0.113.5:40112",
        peer_local_addrs=("192.168.88.21:40112",),
        peer_mapped_addr="203.0.113.5:40113",
    )
    assert calls.handle(B, ANSWER, LATE) == [Send(A, ANSWER), Send(A, to_caller), Send(B, to_callee)]


def test_a_private_answer_gives_away_nobodys_address() -> None:
    calls = registry()
    calls.handle(A, OFFER, LATE)
    effects = calls.handle(B, replace(ANSWER, accept_mode=CallAcceptMode.ACCEPT_GENERIC), LATE)
    assert len(effects) == 3
    text = repr(effects)
    assert not any(secret in text for secret in ("203.0.113.5", "192.168.88.21", "198.51.100.9", "10.0.0.7"))


def test_in_a_private_call_signals_that_carry_addresses_are_held_back() -> None:
    calls = talking(CallAcceptMode.ACCEPT_GENERIC)
    update = CandidateUpdate(call_id=CALL, reflexive_addr="203.0.113.5:1", generation=1)
    assert calls.handle(A, update, LATE) == []
    assert calls.handle(A, REPORT, LATE) == [Send(B, REPORT)]


def test_more_addresses_than_anybody_has_are_cut_short() -> None:
    calls = registry()
    many = tuple(f"10.0.{n // 256}.{n % 256}:1" for n in range(1000))
    calls.handle(A, replace(OFFER, caller_local_addrs=many, caller_mapped_addr="x" * 1000), LATE)
    setup = calls.handle(B, ANSWER, LATE)[2]
    assert isinstance(setup, Send)
    assert isinstance(setup.message, CallSetup)
    assert len(setup.message.peer_local_addrs) == 16
    assert setup.message.peer_mapped_addr is None


def test_a_rejection_reaches_the_caller_and_ends_the_call() -> None:
    calls = registry()
    calls.handle(A, OFFER, LATE)
    reject = DirectCallAnswer(call_id=CALL, accept_mode=CallAcceptMode.REJECT)
    assert calls.handle(B, reject, LATE) == [goodbye(A, HangupReason.NORMAL)]
    assert len(calls) == 0


def test_a_second_answer_changes_nothing() -> None:
    assert talking().handle(B, ANSWER, LATE) == []


def test_an_answer_to_a_call_that_is_not_known_any_more_ends_at_once() -> None:
    assert registry().handle(B, ANSWER, LATE) == [goodbye(B, HangupReason.ERROR)]
    assert registry().handle(B, replace(ANSWER, accept_mode=CallAcceptMode.REJECT), LATE) == []


def test_who_comes_back_hears_again_how_far_the_set_up_is_until_it_shows_that_it_knows() -> None:
    calls = registry()
    to_callee, to_caller = calls.handle(A, OFFER, LATE)
    assert calls.arrived(B, "relay-of-b:4433") == [to_callee]
    assert calls.arrived(A, "relay-of-a:4433") == [to_caller]
    *to_caller_now, to_callee = calls.handle(B, ANSWER, LATE)
    assert calls.arrived(A, "relay-of-a:4433") == to_caller_now
    assert calls.arrived(B, "relay-of-b:4433") == [to_callee]
    for party in (A, B):
        calls.handle(party, MUTED, LATE)
        assert calls.arrived(party, "relay:1") == []


def test_who_still_talks_of_a_call_that_is_over_is_told_so_unless_we_may_have_forgotten_it() -> None:
    assert registry().handle(B, MUTED, LATE) == [goodbye(B, HangupReason.NORMAL)]
    assert registry().handle(B, MUTED, RESUME_WINDOW_S - 1) == []
    assert registry().handle(B, REPORT, LATE) == []


def test_only_the_callee_may_answer() -> None:
    calls = registry()
    calls.handle(A, OFFER, LATE)
    for other in (A, C):
        with pytest.raises(RemoteViolation):
            calls.handle(other, ANSWER, LATE)


@pytest.mark.parametrize(
    ("offer", "reason"),
    [
        (replace(OFFER, caller_fingerprint=C), HangupReason.ERROR),
        (replace(OFFER, target_fingerprint=A), HangupReason.ERROR),
        (replace(OFFER, target_fingerprint=Fingerprint(":".join(["9999"] * 8))), HangupReason.NORMAL),
    ],
    ids=["in another's name", "to oneself", "to nobody who is here"],
)
def test_an_impossible_offer_is_refused_with_its_call_id(offer: DirectCallOffer, reason: HangupReason) -> None:
    calls = registry()
    assert calls.handle(A, offer, LATE) == [goodbye(A, reason)]
    assert len(calls) == 0


def test_a_call_id_in_use_is_refused_to_a_stranger_and_does_not_harm_the_call() -> None:
    calls = talking()
    assert calls.handle(C, replace(OFFER, caller_fingerprint=C), LATE) == [goodbye(C, HangupReason.ERROR)]
    assert calls.handle(A, OFFER, LATE) == []
    assert calls.handle(A, REPORT, LATE) == [Send(B, REPORT)]


def test_a_call_id_that_could_not_be_a_host_name_is_a_violation() -> None:
    with pytest.raises(RemoteViolation):
        registry().handle(A, replace(OFFER, call_id=CallId("a b")), LATE)


def test_one_client_has_a_bounded_number_of_calls() -> None:
    calls = registry(most_per_client=2)
    for number in range(2):
        calls.handle(A, replace(OFFER, call_id=CallId(f"id{number}")), LATE)
    third = replace(OFFER, call_id=CallId("id2"))
    assert calls.handle(A, third, LATE) == [goodbye(A, HangupReason.ERROR, CallId("id2"))]
    from_another = replace(OFFER, caller_fingerprint=C, call_id=CallId("id3"))
    assert calls.handle(C, from_another, LATE) == [goodbye(C, HangupReason.BUSY, CallId("id3"))]


def test_in_call_signals_pass_between_the_two_parties_only() -> None:
    calls = talking()
    commit = SasCommit(call_id=CALL, commitment=bytes(32))
    assert calls.handle(A, commit, LATE) == [Send(B, commit)]
    assert calls.handle(B, REPORT, LATE) == [Send(A, REPORT)]
    with pytest.raises(RemoteViolation):
        calls.handle(C, REPORT, LATE)


def test_hanging_up_with_an_id_ends_that_call_only() -> None:
    calls = registry()
    calls.handle(A, OFFER, LATE)
    other = CallId("other")
    calls.handle(A, replace(OFFER, target_fingerprint=C, call_id=other), LATE)
    assert calls.handle(A, Hangup(reason=HangupReason.NORMAL, call_id=CALL), LATE) == [goodbye(B, HangupReason.NORMAL)]
    assert calls.handle(A, Hangup(reason=HangupReason.NORMAL, call_id=CALL), LATE) == []
    assert len(calls) == 1


def test_hanging_up_without_an_id_ends_every_call_of_the_sender() -> None:
    calls = registry()
    calls.handle(A, OFFER, LATE)
    other = CallId("other")
    calls.handle(A, replace(OFFER, target_fingerprint=C, call_id=other), LATE)
    effects = calls.handle(A, Hangup(reason=HangupReason.NORMAL), LATE)
    assert effects == [goodbye(B, HangupReason.NORMAL), goodbye(C, HangupReason.NORMAL, other)]
    assert len(calls) == 0


def test_a_stranger_cannot_hang_up_a_call() -> None:
    calls = talking()
    assert calls.handle(C, Hangup(reason=HangupReason.NORMAL, call_id=CALL), LATE) == []
    assert len(calls) == 1


def test_a_call_that_nobody_answers_times_out_on_both_sides() -> None:
    calls = registry()
    calls.handle(A, OFFER, LATE)
    assert calls.expire(LATE + RING_LIMIT_S - 0.1) == []
    assert calls.expire(LATE + RING_LIMIT_S) == [goodbye(A, HangupReason.TIMEOUT), goodbye(B, HangupReason.TIMEOUT)]
    assert len(calls) == 0


def test_an_answered_call_never_times_out() -> None:
    assert talking().expire(LATE + 1e6) == []


def test_a_party_that_comes_back_in_time_keeps_its_call_and_gets_what_it_missed() -> None:
    calls = talking()
    calls.handle(A, MUTED, LATE)  # so that it is known to have been set up
    calls.left(A, LATE)
    assert calls.handle(B, REPORT, LATE + 1) == []
    assert calls.expire(LATE + 29) == []
    assert calls.arrived(A, "relay:1") == [Send(A, REPORT)]
    assert calls.expire(LATE + 31) == []
    assert len(calls) == 1


def test_a_party_that_stays_away_loses_its_call() -> None:
    calls = talking()
    calls.left(A, LATE)
    assert calls.expire(LATE + 30) == [goodbye(B, HangupReason.NORMAL)]
    assert len(calls) == 0
    assert calls.arrived(A, "relay:1") == []


def test_a_caller_that_was_away_when_the_callee_answered_is_set_up_on_its_return() -> None:
    calls = registry()
    calls.handle(A, OFFER, LATE)
    calls.left(A, LATE)
    now = [effect for effect in calls.handle(B, ANSWER, LATE + 1) if isinstance(effect, Send)]
    assert [(effect.to, type(effect.message)) for effect in now] == [(B, CallSetup)]
    missed = [effect for effect in calls.arrived(A, "relay:1") if isinstance(effect, Send)]
    assert [(effect.to, type(effect.message)) for effect in missed] == [(A, DirectCallAnswer), (A, CallSetup)]


def test_a_peer_that_hangs_up_meanwhile_is_reported_to_the_returning_party() -> None:
    calls = talking()
    calls.left(A, LATE)
    assert calls.handle(B, Hangup(reason=HangupReason.NORMAL, call_id=CALL), LATE + 1) == []
    assert calls.arrived(A, "relay:1") == [goodbye(A, HangupReason.NORMAL)]


def test_the_room_of_a_call_admits_its_parties_under_fixed_stream_ids() -> None:
    calls = talking()
    assert calls.admit(CALL, B, None, LATE) == 2
    assert calls.admit(CALL.upper(), A, 7, LATE) == 1
    with pytest.raises(RemoteViolation):
        calls.admit(CALL, C, None, LATE)


def test_a_call_forgotten_by_a_restart_is_taken_up_by_the_first_two_that_come() -> None:
    calls = registry(A)
    assert calls.admit(CALL, B, 2, 5.0) == 2
    assert calls.admit(CALL, A, 2, 6.0) == 1
    with pytest.raises(RemoteViolation):
        calls.admit(CALL, C, 1, 7.0)
    assert calls.handle(A, REPORT, 8.0) == []  # B has not registered again yet
    assert calls.arrived(B, "relay:1") == [Send(B, REPORT)]
    assert calls.handle(B, Hangup(reason=HangupReason.NORMAL, call_id=CALL), 9.0) == [goodbye(A, HangupReason.NORMAL)]


def test_an_unknown_call_is_not_taken_up_later_than_a_minute_after_the_start() -> None:
    with pytest.raises(RemoteViolation):
        registry().admit(CALL, A, 1, RESUME_WINDOW_S)


def test_who_carries_no_stream_id_of_a_call_takes_up_none() -> None:
    """Older clients do not come back to a call, so whoever asks without one guesses."""
    calls = registry(A)
    for who in (C, B):
        with pytest.raises(RemoteViolation):
            calls.admit(CALL, who, None, 5.0)
        calls.admit(CALL, A, 1, 5.0)


def test_half_a_call_taken_up_ends_with_the_window() -> None:
    calls = registry()
    calls.admit(CALL, A, 1, 5.0)
    assert calls.expire(RESUME_WINDOW_S) == [goodbye(A, HangupReason.TIMEOUT)]
    assert len(calls) == 0


def test_one_network_lets_ring_only_half_of_what_may_ring_at_a_client() -> None:
    crowd = [Fingerprint(":".join([f"{number:04x}"] * 8)) for number in range(0x1000, 0x1005)]
    calls = registry(B, *crowd, most_per_client=4)

    def rings(caller: Fingerprint, network: str) -> bool:
        offer = replace(OFFER, caller_fingerprint=caller, call_id=CallId(f"{caller[:4]}{network}"))
        return any(isinstance(sent.message, CallRinging) for sent in calls.handle(caller, offer, LATE, network))

    assert [rings(caller, "here") for caller in crowd[:3]] == [True, True, False]
    assert [rings(caller, "there") for caller in crowd[3:]] == [True, True]
    assert not rings(crowd[2], "elsewhere")  # all places are taken now


def test_calls_that_were_answered_do_not_count_as_ringing() -> None:
    calls = registry(A, B, C, most_per_client=2)
    calls.handle(A, OFFER, LATE, "here")
    calls.handle(B, ANSWER, LATE)
    second = replace(OFFER, caller_fingerprint=C, call_id=CallId("18a1b2c3d4e5f608"))
    assert any(isinstance(sent.message, CallRinging) for sent in calls.handle(C, second, LATE, "here"))
