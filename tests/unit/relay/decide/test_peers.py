from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.config import PeerRelay, TrustedRelay
from relay.decide.effects import ConnectionId, Cut
from relay.decide.peers import (
    AT_ONCE_S,
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    STEADY_S,
    PeerLink,
    PeerLinks,
    Peers,
    pause_after,
    trusted_block,
)
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.ids import TlsFingerprint, parse_tls_fingerprint
from wzp_core.protocol.signal.federation import FederationHello

A, B, C = (parse_tls_fingerprint(digit * 64) for digit in "abc")


def peers(own: TlsFingerprint = A, *, trust_hello: bool = False) -> Peers:
    return Peers(
        own,
        [PeerRelay(url="203.0.113.5:4433", fingerprint=B)],
        [TrustedRelay(fingerprint=C, label="Cee"), TrustedRelay(fingerprint=A, label="us")],
        trust_hello=trust_hello,
    )


def hello(of: TlsFingerprint) -> FederationHello:
    return FederationHello(tls_fingerprint=of)


def link(number: int, peer: TlsFingerprint = B, *, ours: bool = False, instance: int | None = None) -> PeerLink:
    return PeerLink(connection=ConnectionId(number), peer=peer, is_dialled=ours, instance=instance)


def test_a_relay_that_proves_a_configured_certificate_is_let_in_under_its_label() -> None:
    known = peers()
    assert known.judge(B, hello(TlsFingerprint(B.upper().replace(":", "")))) == B
    assert known.judge(C, hello(C)) == C
    assert known.labels == {B: "203.0.113.5:4433", C: "Cee"}


@pytest.mark.parametrize("shown", [None, A, C, parse_tls_fingerprint("d" * 64)])
def test_a_hello_alone_or_with_another_certificate_proves_nothing(shown: TlsFingerprint | None) -> None:
    with pytest.raises(RemoteViolation) as refused:
        peers().judge(shown, hello(B))
    assert refused.value.code is ErrorCode.WRONG_IDENTITY


def test_a_hello_alone_is_taken_where_the_operator_says_so_until_that_relay_has_shown_its_certificate() -> None:
    lenient = peers(trust_hello=True)
    assert lenient.judge(None, hello(B)) == B
    with pytest.raises(RemoteViolation):
        lenient.judge(None, hello(parse_tls_fingerprint("d" * 64)))
    lenient.judge(B, hello(B))
    with pytest.raises(RemoteViolation):
        lenient.judge(None, hello(B))
    assert lenient.judge(None, hello(C)) == C


def test_a_relay_does_not_link_with_itself() -> None:
    with pytest.raises(RemoteViolation):
        peers().judge(A, hello(A))


def test_the_block_for_the_configuration_names_the_stranger() -> None:
    assert f'fingerprint = "{B}"' in trusted_block(B)


@given(st.permutations(["dialled by a", "dialled by b"]), st.permutations(["dialled by a", "dialled by b"]))
def test_two_relays_that_dial_each_other_keep_the_same_one_link(at_a: list[str], at_b: list[str]) -> None:
    """In whatever order each sees the two links come up."""
    kept = []
    for own, peer, order in ((A, B, at_a), (B, A, at_b)):
        links = PeerLinks(own)
        for which in order:
            ours = which == f"dialled by {own[0]}"
            number = 1 if which == "dialled by a" else 2
            with suppress(RemoteViolation):
                links.enter(link(number, peer, ours=ours))
        survivor = links.of(peer)
        assert survivor is not None
        kept.append(survivor.connection)
    assert kept == [1, 1]


def test_a_link_of_a_restarted_relay_replaces_the_dead_one_whoever_dialled() -> None:
    links = PeerLinks(A)
    links.enter(link(1, ours=True))
    links.introduced(ConnectionId(1), B, 111)
    with pytest.raises(RemoteViolation):
        links.enter(link(2, instance=111))
    assert links.enter(link(3, instance=222)) == [Cut(ConnectionId(1), "replaced")]
    assert not links.leave(ConnectionId(1), B)
    assert links.of(B) == link(3, instance=222)
    assert links.leave(ConnectionId(3), B)
    assert links.of(B) is None


def test_a_newer_link_of_the_same_direction_replaces_the_older() -> None:
    links = PeerLinks(B)
    links.enter(link(1, A))
    assert links.enter(link(2, A)) == [Cut(ConnectionId(1), "replaced")]


def test_refusals_are_met_with_patience_and_absence_is_not() -> None:
    pauses = [0.0]
    for _ in range(8):
        pauses.append(pause_after(pauses[-1], lasted_s=0.1, answered=True))
    assert pauses[1:] == [5, 10, 20, 40, 80, 160, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
    assert pause_after(160, lasted_s=3, answered=False) == FIRST_PAUSE_S
    assert pause_after(160, lasted_s=STEADY_S, answered=True) == AT_ONCE_S
