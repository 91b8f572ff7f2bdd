from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.decide.effects import ConnectionId, Deliver
from relay.decide.federation import MOST_HOPS, Federation, relay_id
from relay.decide.forwarding import Arrival, Forwarder
from relay.decide.global_names import lobby_part
from tests.unit.relay.decide.federated_relays import key, person
from tests.unit.relay.decide.test_calls import ANSWER, OFFER, REPORT
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.ids import Fingerprint, parse_fingerprint
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.call import CallOffer, Hangup, HangupReason
from wzp_core.protocol.signal.federation import FederatedSignalForward, GlobalRoomActive
from wzp_core.protocol.signal.room import RoomParticipant

OWN, ORIGIN = key(0), key(1)
LEFT, RIGHT, OLDER = ConnectionId(1), ConnectionId(2), ConnectionId(3)
ANN, BEN = parse_fingerprint(OFFER.caller_fingerprint), parse_fingerprint(OFFER.target_fingerprint)


class Relay:
    """The middle one of three, between Ann's and Ben's; a third neighbour is of an older build."""

    def __init__(self, *, older: bool = False) -> None:
        self.federation = Federation(OWN, [], lambda room: ())
        self.forwarder = Forwarder(OWN, self.federation)
        self.link(LEFT, 1)
        self.link(RIGHT, 2)
        if older:
            self.link(OLDER, 3, is_older=True)

    def link(self, link: ConnectionId, number: int, *, is_older: bool = False) -> None:
        self.federation.link_up(link, key(number), str(number))
        self.forwarder.link_up(link, is_older=is_older)

    def tells(self, link: ConnectionId, *people: Fingerprint) -> None:
        for who in people:
            told = GlobalRoomActive(room=lobby_part(who), participants=(RoomParticipant(fingerprint=who),))
            self.federation.hear(link, told)

    def receives(self, link: ConnectionId, *, is_ours: bool = False, **changed: Any) -> Any:
        forward = FederatedSignalForward(
            inner=OFFER,
            origin_relay_fp=ORIGIN,
            target_fingerprint=BEN,
            sender_fingerprint=ANN,
            visited=(relay_id(ORIGIN),),
            ttl=MOST_HOPS,
        )
        return self.forwarder.receive(link, replace(forward, **changed), is_ours=is_ours)


def between() -> Relay:
    relay = Relay()
    relay.tells(LEFT, ANN)
    relay.tells(RIGHT, BEN)
    return relay


def sent(effects: Any) -> list[tuple[ConnectionId, SignalMessage]]:
    assert all(isinstance(effect, Deliver) for effect in effects)
    return [(effect.to, effect.message.inner) for effect in effects]


def test_a_signal_goes_towards_its_addressee_and_a_client_of_ours_takes_it() -> None:
    relay = between()
    (passed,) = relay.receives(LEFT)
    assert passed.to == RIGHT
    assert passed.message.visited == (relay_id(ORIGIN), relay_id(OWN))
    assert passed.message.ttl == MOST_HOPS - 1
    assert relay.receives(LEFT, is_ours=True) == Arrival(OFFER, ANN)
    assert sent(relay.forwarder.send(BEN, REPORT, ANN)) == [(RIGHT, REPORT)]
    assert relay.forwarder.send(person(9), REPORT, ANN) == []


def test_what_went_in_a_circle_or_too_far_goes_no_further() -> None:
    relay = between()
    assert relay.receives(LEFT, origin_relay_fp=OWN) == []
    assert relay.receives(LEFT, visited=(relay_id(OWN),)) == []
    refused = Hangup(reason=HangupReason.NORMAL, call_id=OFFER.call_id)
    for far in ({"ttl": 1}, {"ttl": None}, {"visited": ("a" * 16,) * MOST_HOPS}, {"visited": (relay_id(key(2)),)}):
        assert sent(relay.receives(LEFT, **far)) == [(LEFT, refused)]
        assert relay.receives(LEFT, inner=ANSWER, **far) == []


def test_no_relay_makes_another_count_beyond_the_longest_way() -> None:
    (passed,) = between().receives(LEFT, ttl=255)
    assert passed.message.ttl == MOST_HOPS - 1


def test_an_offer_for_somebody_unknown_is_refused_by_where_it_came_from() -> None:
    relay = Relay()
    relay.tells(LEFT, ANN)
    assert sent(relay.receives(LEFT)) == [(LEFT, Hangup(reason=HangupReason.NORMAL, call_id=OFFER.call_id))]


def test_nobody_speaks_for_a_client_that_is_elsewhere() -> None:
    relay = between()
    with pytest.raises(RemoteViolation) as refused:
        relay.receives(RIGHT)
    assert refused.value.code is ErrorCode.WRONG_IDENTITY


def test_only_signals_of_calls_are_passed_on() -> None:
    offer = CallOffer(identity_pub=bytes(32), ephemeral_pub=bytes(32), signature=b"", supported_profiles=())
    with pytest.raises(RemoteViolation):
        between().receives(LEFT, inner=offer)


def test_somebody_too_new_for_the_lobby_is_answered_where_the_words_came_from() -> None:
    relay = Relay()
    relay.tells(RIGHT, BEN)
    relay.receives(LEFT)
    assert relay.forwarder.way(ANN) == LEFT
    assert relay.forwarder.may_speak(LEFT, ANN)
    assert not relay.forwarder.may_speak(RIGHT, ANN)
    relay.tells(RIGHT, ANN)
    assert relay.forwarder.way(ANN) == RIGHT
    assert not relay.forwarder._learned


def test_of_an_older_relay_is_learned_whom_it_has_until_its_link_ends() -> None:
    relay = Relay(older=True)
    assert relay.forwarder.may_have(BEN)
    assert sent(relay.forwarder.send(BEN, OFFER, ANN)) == [(OLDER, OFFER)]
    assert relay.forwarder.send(BEN, REPORT, ANN) == []
    relay.forwarder.learn(OLDER, BEN)
    assert sent(relay.forwarder.send(BEN, REPORT, ANN)) == [(OLDER, REPORT)]
    relay.forwarder.link_down(OLDER)
    assert relay.forwarder.way(BEN) is None
    assert not relay.forwarder.may_have(BEN)


def test_what_is_learned_is_bounded() -> None:
    relay = Relay()
    for number in range(10_005):
        relay.forwarder.learn(LEFT, person(number))
    assert len(relay.forwarder._learned) == 10_000
    assert relay.forwarder.way(person(0)) is None
    assert relay.forwarder.way(person(10_004)) == LEFT


texts = st.none() | st.sampled_from([ANN, BEN, "nonsense", ""]) | st.text(max_size=40)


@settings(max_examples=300, deadline=None)
@given(
    link=st.sampled_from([LEFT, RIGHT]),
    inner=st.sampled_from([OFFER, ANSWER, REPORT, Hangup(reason=HangupReason.NORMAL)]),
    target=texts,
    sender=texts,
    visited=st.lists(st.text(max_size=20) | st.sampled_from([relay_id(key(n)) for n in range(4)]), max_size=12),
    ttl=st.none() | st.integers(0, 255),
)
def test_whatever_a_relay_says_goes_to_one_link_at_most_and_never_further_than_it_may(
    link: ConnectionId,
    inner: SignalMessage,
    target: str | None,
    sender: str | None,
    visited: list[str],
    ttl: int | None,
) -> None:
    relay = between()
    try:
        result = relay.receives(
            link, inner=inner, target_fingerprint=target, sender_fingerprint=sender, visited=tuple(visited), ttl=ttl
        )
    except RemoteViolation:
        return
    if isinstance(result, Arrival):
        assert target is None
        return
    assert len(result) <= 1
    for effect in result:
        assert effect.message.ttl <= MOST_HOPS
        assert len(effect.message.visited) <= MOST_HOPS
