"""A call with a client of another relay, as each of the two registries sees it."""

from dataclasses import replace

import pytest

from relay.decide.calls import RESUME_WINDOW_S, CallRegistry
from relay.decide.effects import ConnectionId, Send
from tests.unit.relay.decide.test_calls import ANSWER, CALL, LATE, OFFER, REPORT, A, B, C, goodbye, registry
from wzp_core.errors import RemoteViolation
from wzp_core.protocol.ids import CallId, Fingerprint
from wzp_core.protocol.signal.call import CallAcceptMode, CallRinging, Hangup, HangupReason
from wzp_core.protocol.signal.path import CandidateUpdate


class OtherRelay:
    """Where Ben is."""

    def __init__(self, *clients: Fingerprint, tells: bool = True) -> None:
        self.clients, self.tells, self.link = set(clients), tells, ConnectionId(1)

    def way(self, who: Fingerprint) -> ConnectionId | None:
        return self.link if self.tells and who in self.clients else None

    def may_have(self, who: Fingerprint) -> bool:
        return not self.tells


def split(*, tells: bool = True) -> tuple[CallRegistry, OtherRelay]:
    calls, other = registry(A, C), OtherRelay(B, tells=tells)
    calls.elsewhere = other
    return calls, other


def hosting() -> CallRegistry:
    """Ben's relay, where Ann is elsewhere."""
    calls = registry(B, C)
    calls.elsewhere = OtherRelay(A)
    return calls


def test_an_offer_for_another_relays_client_takes_the_addresses_along_and_rings_when_that_one_says_so() -> None:
    calls, _ = split()
    assert calls.handle(A, OFFER, LATE) == [Send(B, OFFER)]
    ringing = CallRinging(call_id=CALL)
    assert calls.speaker(ringing) == B
    assert calls.handle_elsewhere(B, ringing, LATE) == [Send(A, ringing)]


def test_an_older_relay_says_nothing_so_it_rings_at_once() -> None:
    calls, _ = split(tells=False)
    assert calls.handle(A, OFFER, LATE) == [Send(B, OFFER), Send(A, CallRinging(call_id=CALL))]


def test_nobody_anywhere_is_told_at_once() -> None:
    calls, other = split()
    other.clients.clear()
    assert calls.handle(A, OFFER, LATE) == [goodbye(A, HangupReason.NORMAL)]
    assert len(calls) == 0


def test_each_relay_sets_up_its_own_party() -> None:
    here, _ = split()
    there = hosting()
    here.handle(A, OFFER, LATE)
    assert there.speaker(OFFER) == A
    hidden = replace(OFFER, caller_reflexive_addr=None, caller_local_addrs=(), caller_mapped_addr=None)
    assert there.handle_elsewhere(A, OFFER, LATE) == [Send(B, hidden), Send(A, CallRinging(call_id=CALL))]
    answer, for_callee = there.handle(B, ANSWER, LATE)
    assert answer == Send(A, ANSWER)
    assert isinstance(for_callee, Send)
    assert for_callee.to == B
    assert for_callee.message.peer_direct_addr == "203.0.113.5:40112"  # type: ignore[attr-defined]
    passed, for_caller = here.handle_elsewhere(B, ANSWER, LATE)
    assert passed == Send(A, ANSWER)
    assert isinstance(for_caller, Send)
    assert for_caller.to == A
    assert for_caller.message.peer_direct_addr == "198.51.100.9:51200"  # type: ignore[attr-defined]
    assert here.handle_elsewhere(B, ANSWER, LATE) == []  # a second answer
    assert here.handle(A, REPORT, LATE) == [Send(B, REPORT)]
    assert there.handle_elsewhere(A, REPORT, LATE) == [Send(B, REPORT)]
    assert there.handle(B, Hangup(reason=HangupReason.NORMAL, call_id=CALL), LATE) == [goodbye(A, HangupReason.NORMAL)]
    bye = Hangup(reason=HangupReason.NORMAL, call_id=CALL)
    assert here.handle_elsewhere(B, bye, LATE) == [goodbye(A, HangupReason.NORMAL)]
    assert (len(here), len(there)) == (0, 0)


def test_a_private_answer_reveals_nothing_across_relays_either() -> None:
    there = hosting()
    there.handle_elsewhere(A, OFFER, LATE)
    answer, setup = there.handle(B, replace(ANSWER, accept_mode=CallAcceptMode.ACCEPT_GENERIC), LATE)
    assert isinstance(answer, Send)
    assert isinstance(setup, Send)
    assert answer.message.callee_reflexive_addr is None  # type: ignore[attr-defined]
    assert setup.message.peer_direct_addr is None  # type: ignore[attr-defined]
    assert there.handle_elsewhere(A, CandidateUpdate(call_id=CALL, generation=1), LATE) == []


def test_no_other_relay_speaks_for_a_client_of_ours_or_ends_all_calls() -> None:
    there = hosting()
    there.handle_elsewhere(A, OFFER, LATE)
    with pytest.raises(RemoteViolation):
        there.handle_elsewhere(B, ANSWER, LATE)
    with pytest.raises(RemoteViolation):
        there.handle_elsewhere(A, ANSWER, LATE)
    assert there.handle_elsewhere(A, Hangup(reason=HangupReason.NORMAL), LATE) == []
    assert len(there) == 1


def test_a_party_whose_relay_is_gone_has_the_same_grace_and_misses_nothing() -> None:
    calls, other = split()
    calls.handle(A, OFFER, LATE)
    calls.handle_elsewhere(B, ANSWER, LATE)
    other.clients.clear()
    assert calls.recheck(LATE) == []
    assert calls.handle(A, REPORT, LATE + 1) == []
    other.clients.add(B)
    assert calls.recheck(LATE + 2) == [Send(B, REPORT)]
    other.clients.clear()
    calls.recheck(LATE + 3)
    assert calls.expire(LATE + 32) == []
    assert calls.expire(LATE + 33) == [goodbye(A, HangupReason.NORMAL)]


def test_a_party_that_was_away_when_its_call_ended_is_there_for_the_next_one() -> None:
    calls, other = split()
    calls.handle(A, OFFER, LATE)
    calls.handle_elsewhere(B, ANSWER, LATE)
    other.clients.clear()
    calls.recheck(LATE)
    calls.handle(A, Hangup(reason=HangupReason.NORMAL, call_id=CALL), LATE)
    other.clients.add(B)
    assert calls.recheck(LATE + 1) == [goodbye(B, HangupReason.NORMAL)] * 2  # once as kept, once as by a new way
    assert calls.handle(A, replace(OFFER, call_id=CallId("next")), LATE + 2) != []
    calls.handle_elsewhere(B, replace(ANSWER, call_id=CallId("next")), LATE + 2)
    report = replace(REPORT, call_id=CallId("next"))
    assert calls.handle(A, report, LATE + 3) == [Send(B, report)]
    assert calls.expire(LATE + 50) == []


def test_a_goodbye_is_repeated_by_a_new_way_only() -> None:
    calls, other = split()
    calls.handle(A, OFFER, LATE)
    bye = Hangup(reason=HangupReason.NORMAL, call_id=CALL)
    assert calls.handle(A, bye, LATE) == [Send(B, bye)]
    assert calls.recheck(LATE) == []
    other.link = ConnectionId(2)
    assert calls.recheck(LATE + 1) == [Send(B, bye)]
    assert calls.recheck(LATE + 2) == []


def test_after_a_restart_the_room_of_the_call_tells_who_the_other_party_is() -> None:
    calls, _ = split()
    early = RESUME_WINDOW_S / 2
    assert calls.meet(CALL, B, 2, early) == []
    assert calls.admit(CALL, A, 1, early) == 1
    assert calls.meet(CALL, B, 1, early) == []
    assert calls.meet(CALL, B, 2, early) == []
    assert calls.handle(A, REPORT, early) == [Send(B, REPORT)]
    assert calls.handle_elsewhere(B, REPORT, early) == [Send(A, REPORT)]
    assert calls.meet(CALL, C, 2, early) == []
    with pytest.raises(RemoteViolation):
        calls.admit(CALL, C, None, early)


def test_a_signal_for_a_client_of_ours_ends_here_also_while_it_is_away() -> None:
    there = hosting()
    there.handle_elsewhere(A, OFFER, LATE)
    assert there.is_home_of(B)
    assert not there.is_home_of(A)
    there.left(B, LATE)
    assert there.is_home_of(B)
    there.left(C, LATE)
    assert not there.is_home_of(C)
