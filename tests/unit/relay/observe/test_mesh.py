from relay.decide.effects import ConnectionId
from relay.decide.presence import Hub
from relay.decide.probe import ProbeStats
from relay.decide.registry import Registry
from relay.decide.rooms import Rooms
from relay.decide.routes import NOT_FOUND, Route
from relay.observe.mesh import ProbeCollector, mesh_table, peers_json, presence_json, presence_of_json, route_json
from relay.observe.metrics import new_registry
from wzp_core.protocol.ids import fingerprint_text

ANN, BEN, CLEO = (fingerprint_text(number.to_bytes(16)) for number in (1, 2, 3))
OWN, B, C = "203.0.113.1:4433", "203.0.113.5:4433", "203.0.113.6:4433"


def test_presence_and_peers_read_as_specified() -> None:
    hub = Hub()
    registry = Registry(hub, Rooms())
    hub.register(ConnectionId(1), ANN, "Ann")
    registry.update_peer(B, (BEN,), told_from="203.0.113.5", now=0.0, rtt_ms=21.5499)
    ann = {"fingerprint": ANN, "location": "Local"}
    ben = {"fingerprint": BEN, "location": {"Remote": B}}
    assert presence_json(registry) == [ann, ben]
    assert presence_of_json(registry, ANN) == ann
    assert presence_of_json(registry, BEN) == ben
    assert presence_of_json(registry, CLEO) == {"fingerprint": CLEO, "location": None}
    assert peers_json(registry) == [{"addr": B, "fingerprints": [BEN], "rtt_ms": 21.5}]


def test_a_route_reads_as_specified() -> None:
    shown = [route_json(ANN, route, OWN) for route in (Route(True), Route(True, (B,)), Route(True, (B, C)), NOT_FOUND)]
    assert [(entry["route"], entry["relay_chain"]) for entry in shown] == [
        ("local", [OWN]),
        ("direct_peer", [OWN, B]),
        ("chain", [OWN, B, C]),
        ("not_found", []),
    ]


def test_every_target_has_its_four_metrics() -> None:
    targets = [ProbeStats(target=B, rtt_ms=12.5, loss_pct=25.0, jitter_ms=3.0, up=True), ProbeStats(target=C)]
    registry = new_registry(ProbeCollector(lambda: targets))
    shown = [
        [
            registry.get_sample_value(f"wzp_probe_{name}", {"target": target})
            for name in ("rtt_ms", "loss_pct", "jitter_ms", "up")
        ]
        for target in (B, C)
    ]
    assert shown == [[12.5, 25.0, 3.0, 1.0], [0.0, 0.0, 0.0, 0.0]]


def test_the_table_of_the_mesh_has_a_line_for_each_target() -> None:
    up = ProbeStats(target=B, rtt_ms=12.4, loss_pct=1.66, jitter_ms=3.0, up=True)
    lines = mesh_table([up, ProbeStats(target=C)]).splitlines()
    assert lines == [
        "Relay Mesh Health",
        "─" * 41,
        "Target                  RTT   Loss  Jitter Status",
        "203.0.113.5:4433        12ms   1.7%     3ms UP",
        "203.0.113.6:4433         0ms   0.0%     0ms DOWN",
    ]
    assert mesh_table([]).splitlines()[-1] == "  (no probe targets configured)"
