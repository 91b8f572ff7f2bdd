"""What an operator sees of the other relays (relay.md §13, §14)."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from relay.decide.probe import ProbeStats
from relay.decide.registry import Local, Registry
from relay.decide.routes import Route
from wzp_core.protocol.ids import Fingerprint


class ProbeCollector(Collector):
    """How well each target is reached."""

    def __init__(self, probes: Callable[[], Sequence[ProbeStats]]) -> None:
        self._probes = probes

    def collect(self) -> Iterator[Metric]:
        rtt, loss, jitter, up = (
            GaugeMetricFamily(f"wzp_probe_{name}", words, labels=["target"])
            for name, words in (
                ("rtt_ms", "Round trip of the newest answer, ms; 0 while down"),
                ("loss_pct", "Unanswered among the last 60 pings, percent"),
                ("jitter_ms", "Standard deviation of the round trips, ms"),
                ("up", "1 while the target answers"),
            )
        )
        for probe in self._probes():
            rtt.add_metric([probe.target], round(probe.rtt_ms, 1))
            loss.add_metric([probe.target], round(probe.loss_pct, 1))
            jitter.add_metric([probe.target], round(probe.jitter_ms, 1))
            up.add_metric([probe.target], float(probe.up))
        yield from (rtt, loss, jitter, up)


def presence_json(registry: Registry) -> list[dict[str, Any]]:
    return [_presence(fingerprint, relay) for fingerprint, relay in registry.all_known().items()]


def presence_of_json(registry: Registry, fingerprint: Fingerprint) -> dict[str, Any]:
    match registry.lookup(fingerprint):
        case None:
            return {"fingerprint": fingerprint, "location": None}
        case Local():
            return _presence(fingerprint, None)
        case remote:
            return _presence(fingerprint, remote.relay)


def _presence(fingerprint: Fingerprint, relay: str | None) -> dict[str, Any]:
    return {"fingerprint": fingerprint, "location": "Local" if relay is None else {"Remote": relay}}


def peers_json(registry: Registry) -> list[dict[str, Any]]:
    return [
        {
            "addr": address,
            "fingerprints": sorted(peer.fingerprints),
            "rtt_ms": None if peer.rtt_ms is None else round(peer.rtt_ms, 1),
        }
        for address, peer in registry.peers.items()
    ]


def route_json(fingerprint: Fingerprint, route: Route, own: str) -> dict[str, Any]:
    return {"fingerprint": fingerprint, "route": route.kind.value, "relay_chain": list(route.chain(own))}


def mesh_table(probes: Sequence[ProbeStats]) -> str:
    lines = ["Relay Mesh Health", "─" * 41, f"{'Target':<20} {'RTT':>6} {'Loss':>6} {'Jitter':>7} Status"]
    for probe in probes:
        rtt, loss, jitter = f"{probe.rtt_ms:5.0f}ms", f"{probe.loss_pct:5.1f}%", f"{probe.jitter_ms:5.0f}ms"
        lines.append(f"{probe.target:<20} {rtt} {loss} {jitter} {'UP' if probe.up else 'DOWN'}")
    if not probes:
        lines.append("  (no probe targets configured)")
    return "\n".join(lines) + "\n"
