from hypothesis import given
from hypothesis import strategies as st

from relay.decide.effects import ConnectionId
from relay.decide.presence import Hub
from relay.decide.registry import MOST_FINGERPRINTS, MOST_PEERS, STALE_S, Local, Registry, Remote
from relay.decide.rooms import Rooms
from wzp_core.protocol.address import numeric_address
from wzp_core.protocol.ids import Fingerprint, RoomName, fingerprint_text


def somebody(number: int) -> Fingerprint:
    return fingerprint_text(number.to_bytes(16))


ANN, BEN, CLEO = (somebody(number << 120) for number in (0xAB, 0xBC, 0xCD))
B, C = "203.0.113.2:4433", "203.0.113.3:4433"
OWN = {"203.0.113.1:4433"}


class Scene:
    def __init__(self) -> None:
        self.hub, self.rooms = Hub(), Rooms()
        self.registry = Registry(self.hub, self.rooms)
        self.registry.expect([("203.0.113.2", 4433)])

    def told(self, relay: str, *who: str, now: float = 0.0) -> int:
        return self.registry.update_peer(relay, who, told_from=relay.partition(":")[0], now=now)


def test_a_client_is_local_as_long_as_any_connection_of_it_is() -> None:
    scene = Scene()
    scene.hub.register(ConnectionId(1), ANN, "Ann")
    scene.rooms.join(RoomName("tea"), ConnectionId(2), ANN, "Ann")
    assert scene.registry.lookup(ANN) == Local(alias="Ann", room=RoomName("tea"))
    scene.hub.deregister(ConnectionId(1), ANN)
    assert scene.registry.lookup(ANN) == Local(room=RoomName("tea"))
    assert scene.registry.local_fingerprints() == (ANN,)
    scene.rooms.leave(ConnectionId(2))
    assert scene.registry.lookup(ANN) is None
    assert scene.registry.local_fingerprints() == ()


def test_local_wins_over_what_other_relays_say() -> None:
    scene = Scene()
    scene.told(B, ANN, BEN, now=5.0)
    scene.hub.register(ConnectionId(1), ANN, None)
    assert scene.registry.lookup(ANN) == Local()
    assert scene.registry.all_known() == {ANN: None, BEN: B}
    scene.hub.deregister(ConnectionId(1), ANN)
    assert scene.registry.lookup(ANN) == Remote(relay=B, last_seen=5.0)


def test_an_update_replaces_all_that_the_relay_told_before() -> None:
    scene = Scene()
    scene.told(B, ANN, BEN)
    scene.told(B, BEN, CLEO)
    assert set(scene.registry.all_known()) == {BEN, CLEO}


def test_the_same_told_again_is_fresh_again() -> None:
    scene = Scene()
    for now in (0.0, 20.0):
        assert scene.told(B, ANN, "nobody", now=now) == 1
    scene.registry.expire_stale(STALE_S + 5)
    assert scene.registry.lookup(ANN) == Remote(relay=B, last_seen=20.0)


def test_a_later_claim_of_another_relay_takes_nobody_over() -> None:
    scene = Scene()
    scene.told(B, ANN)
    scene.told(C, ANN)
    assert scene.registry.lookup(ANN) == Remote(relay=B, last_seen=0.0)
    scene.told(B)
    assert scene.registry.lookup(ANN) == Remote(relay=C, last_seen=0.0)


def test_a_relay_that_tells_nothing_for_thirty_seconds_is_forgotten() -> None:
    scene = Scene()
    scene.told(B, ANN, now=0.0)
    scene.told(C, BEN, now=1.0)
    scene.registry.expire_stale(STALE_S)
    assert set(scene.registry.peers) == {B, C}
    scene.registry.expire_stale(STALE_S + 0.5)
    assert set(scene.registry.peers) == {C}
    assert scene.registry.lookup(ANN) is None


def test_a_claimed_address_is_believed_where_nobody_else_has_it() -> None:
    registry = Scene().registry
    assert registry.address_of(C, ("198.51.100.9", 50_000), OWN) == C


def test_a_relay_that_claims_our_own_address_is_filed_where_it_was_seen() -> None:
    """As older relays do, which send the receiver's address."""
    registry = Scene().registry
    assert registry.address_of("203.0.113.1:4433", ("203.0.113.3", 4433), OWN) == C


def test_nobody_takes_the_address_of_a_target_or_of_a_relay_that_is_known() -> None:
    scene = Scene()
    scene.told(C, ANN)
    for taken in (B, C):
        assert scene.registry.address_of(taken, ("198.51.100.9", 4433), OWN) == "198.51.100.9:4433"
        assert scene.registry.address_of(taken, (taken.partition(":")[0], 50_000), OWN) == taken


def test_peers_and_their_lists_are_bounded_and_what_is_no_fingerprint_is_left_out() -> None:
    scene = Scene()
    assert scene.told(B, ANN, "nobody", ANN.upper(), ANN + "0", ANN + "\n") == 4
    assert scene.registry.peers[B].fingerprints == {ANN}
    assert scene.told(B, *(somebody(number) for number in range(MOST_FINGERPRINTS + 5))) == 5
    for number in range(2 * MOST_PEERS):
        scene.told(f"198.51.100.1:{number + 1}", BEN)
    assert len(scene.registry.peers) == MOST_PEERS
    assert scene.told(B, ANN) == 0


@given(st.text(), st.sampled_from([B, C, ""]), st.ip_addresses())
def test_any_claim_leads_to_an_address(claimed: str, known: str, host: object) -> None:
    scene = Scene()
    if known:
        scene.told(known, ANN)
    address = scene.registry.address_of(claimed, (str(host), 4433), OWN)
    assert numeric_address(address) is not None
    assert address not in OWN or str(host) == "203.0.113.1"


TOLD = st.tuples(st.sampled_from([B, C]), st.sets(st.integers(0, 5)), st.floats(0, 5))


@given(st.lists(TOLD, max_size=20), st.sets(st.integers(0, 5)))
def test_everybody_known_is_found_and_only_where_the_newest_lists_say(
    told: list[tuple[str, set[int], float]], local: set[int]
) -> None:
    scene = Scene()
    for number in local:
        scene.hub.register(ConnectionId(number), somebody(number), None)
    now, newest = 0.0, {}
    for relay, who, pause in told:
        now += pause
        scene.registry.expire_stale(now)
        newest = {address: entry for address, entry in newest.items() if now - entry[1] <= STALE_S}
        scene.told(relay, *map(somebody, who), now=now)
        newest[relay] = {somebody(number) for number in who}, now
    known = scene.registry.all_known()
    assert set(known) == set(map(somebody, local)).union(*(who for who, _ in newest.values()))
    for who, relay in known.items():
        found = scene.registry.lookup(who)
        if relay is None:
            assert found == Local()
            assert who in set(map(somebody, local))
        else:
            assert found == Remote(relay=relay, last_seen=newest[relay][1])
            assert who in newest[relay][0]
            assert who not in set(map(somebody, local))
