from dataclasses import dataclass, fields

from prometheus_client import CollectorRegistry

from relay.observe.counters import FederationCounters, PeerStats
from relay.observe.federation import FederationCollector
from relay.observe.metrics import new_registry
from wzp_core.protocol.ids import parse_tls_fingerprint

B, C = (parse_tls_fingerprint(digit * 64) for digit in "bc")
TOTALS = {spec.name: number for number, spec in enumerate(fields(FederationCounters), 1)}


@dataclass
class Plane:
    counters: FederationCounters
    active_rooms: int = 7

    def stats(self) -> tuple[PeerStats, ...]:
        bee = PeerStats(label="Bee", fingerprint=B, up=True, rtt_ms=20.04, packets_in=3, packets_out=4)
        return bee, PeerStats(label="Cee", fingerprint=C)


def observed() -> CollectorRegistry:
    return new_registry(FederationCollector(Plane(FederationCounters(**TOTALS))))


def test_a_linked_relay_is_up_with_its_round_trip_and_another_is_down_without_one() -> None:
    registry = observed()
    assert registry.get_sample_value("wzp_federation_peer_status", {"peer": "Bee"}) == 1
    assert registry.get_sample_value("wzp_federation_peer_rtt_ms", {"peer": "Bee"}) == 20.0
    assert registry.get_sample_value("wzp_federation_peer_status", {"peer": "Cee"}) == 0
    assert registry.get_sample_value("wzp_federation_peer_rtt_ms", {"peer": "Cee"}) is None


def test_packets_are_told_by_relay_and_direction() -> None:
    name, registry = "wzp_federation_packets_forwarded_total", observed()
    assert registry.get_sample_value(name, {"peer": "Bee", "direction": "in"}) == 3
    assert registry.get_sample_value(name, {"peer": "Bee", "direction": "out"}) == 4


def test_every_total_is_a_metric() -> None:
    registry = observed()
    assert registry.get_sample_value("wzp_federation_active_rooms") == 7
    for name, value in TOTALS.items():
        assert registry.get_sample_value(f"wzp_federation_{name}_total") == value
