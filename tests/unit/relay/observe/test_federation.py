from prometheus_client import CollectorRegistry

from relay.observe.counters import PeerStats
from relay.observe.federation import FederationCollector
from relay.observe.metrics import new_registry
from wzp_core.protocol.ids import parse_tls_fingerprint

B, C = (parse_tls_fingerprint(digit * 64) for digit in "bc")


def observed() -> CollectorRegistry:
    peers = (PeerStats(label="Bee", fingerprint=B, up=True, rtt_ms=20.04), PeerStats(label="Cee", fingerprint=C))
    return new_registry(FederationCollector(lambda: peers))


def test_a_linked_relay_is_up_with_its_round_trip_and_another_is_down_without_one() -> None:
    registry = observed()
    assert registry.get_sample_value("wzp_federation_peer_status", {"peer": "Bee"}) == 1
    assert registry.get_sample_value("wzp_federation_peer_rtt_ms", {"peer": "Bee"}) == 20.0
    assert registry.get_sample_value("wzp_federation_peer_status", {"peer": "Cee"}) == 0
    assert registry.get_sample_value("wzp_federation_peer_rtt_ms", {"peer": "Cee"}) is None
