from hypothesis import given
from hypothesis import strategies as st

from relay.decide.effects import ConnectionId
from relay.decide.presence import Hub
from relay.decide.registry import Registry
from relay.decide.rooms import Rooms
from relay.decide.routes import MOST_HOPS, NOT_FOUND, Route, RouteKind, passed_on, patience_s, resolve, route_by
from wzp_core.protocol.address import numeric_address
from wzp_core.protocol.ids import TlsFingerprint, fingerprint_text
from wzp_core.protocol.signal.presence import RouteQuery, RouteResponse

ANN = fingerprint_text(bytes(16))
ME, B, C = "203.0.113.1:4433", "203.0.113.2:4433", "203.0.113.3:4433"
MY_ID = TlsFingerprint("aa")


def answer(*chain: str, found: bool = True) -> RouteResponse:
    return RouteResponse(fingerprint=ANN, found=found, relay_chain=chain)


def test_somebody_is_here_on_a_neighbour_or_nowhere() -> None:
    hub = Hub()
    registry = Registry(hub, Rooms())
    assert resolve(registry, ANN) == NOT_FOUND
    registry.update_peer(B, (ANN,), told_from="203.0.113.2", now=0.0)
    assert resolve(registry, ANN) == Route(True, (B,))
    hub.register(ConnectionId(1), ANN, None)
    assert resolve(registry, ANN) == Route(True)


def test_a_route_is_told_from_the_teller_on_and_written_as_specified() -> None:
    routes = [Route(True), Route(True, (B,)), Route(True, (B, C)), NOT_FOUND]
    assert [str(route) for route in routes] == ["local", f"direct_peer({B})", f"chain({B} -> {C})", "not_found"]
    assert [route.chain(ME) for route in routes] == [(ME,), (ME, B), (ME, B, C), ()]
    assert [route.kind for route in routes] == list(RouteKind)


def test_a_query_goes_one_hop_less_far_each_time_and_never_in_a_circle() -> None:
    query = RouteQuery(fingerprint=ANN, ttl=255)
    hops = 0
    while (further := passed_on(query, TlsFingerprint(f"{hops:02}"))) is not None:
        assert patience_s(further) < patience_s(query) or hops == 0
        query, hops = further, hops + 1
    assert hops == MOST_HOPS
    assert query.visited == ("00", "01", "02")
    assert passed_on(RouteQuery(fingerprint=ANN, ttl=1, visited=(MY_ID,)), MY_ID) is None
    assert passed_on(RouteQuery(fingerprint=ANN, ttl=1, visited=("x",) * 200), MY_ID) is None


def test_the_relay_asked_is_known_by_the_address_it_was_dialled_at() -> None:
    assert route_by(B, answer("0.0.0.0:4433"), {ME}) == Route(True, (B,))  # as older relays call themselves
    assert route_by(B, answer("0.0.0.0:4433", C), {ME}) == Route(True, (B, C))


def test_an_answer_that_makes_no_sense_is_none() -> None:
    for chain in [(), (B, "relay.example:4433"), (B, C, ME), (B, *(f"203.0.113.9:{port}" for port in range(1, 9)))]:
        assert route_by(B, answer(*chain), {ME}) == NOT_FOUND
    assert route_by(B, answer(B, found=False), {ME}) == NOT_FOUND


@given(st.lists(st.text() | st.sampled_from([ME, B, C]), max_size=12), st.booleans())
def test_whatever_is_answered_a_route_holds_addresses_and_not_ours(chain: list[str], found: bool) -> None:
    route = route_by(B, answer(*chain, found=found), {ME})
    assert route == NOT_FOUND or found
    assert ME not in route.relays
    assert all(numeric_address(relay) is not None for relay in route.relays)
    assert len(route.relays) <= MOST_HOPS + 2
