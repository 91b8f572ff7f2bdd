"""What Prometheus sees of the links with other relays (relay.md §13)."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from relay.observe.counters import FederationCounters, PeerStats


class Observed(Protocol):
    """Where the numbers are kept."""

    counters: FederationCounters

    @property
    def active_rooms(self) -> int: ...

    def stats(self) -> tuple[PeerStats, ...]: ...


class FederationCollector(Collector):
    """Series for each configured relay, linked or not, and totals over all."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed

    def collect(self) -> Iterator[Metric]:
        label = ["peer"]
        up = GaugeMetricFamily("wzp_federation_peer_status", "1 while the relay is linked, else 0", labels=label)
        rtt = GaugeMetricFamily("wzp_federation_peer_rtt_ms", "Round trip to a linked relay, ms", labels=label)
        packets = CounterMetricFamily(
            "wzp_federation_packets_forwarded", "Packets over the link with a relay", labels=["peer", "direction"]
        )
        for peer in self._observed.stats():
            up.add_metric([peer.label], float(peer.up))
            packets.add_metric([peer.label, "in"], peer.packets_in)
            packets.add_metric([peer.label, "out"], peer.packets_out)
            if peer.up:
                rtt.add_metric([peer.label], round(peer.rtt_ms, 1))
        yield from (up, rtt, packets)
        yield GaugeMetricFamily(
            "wzp_federation_active_rooms",
            "Rooms with members behind a link, counted for each link",
            self._observed.active_rooms,
        )
        for spec in fields(self._observed.counters):
            words = spec.name.replace("_", " ").capitalize()
            yield CounterMetricFamily(
                f"wzp_federation_{spec.name}", f"{words} between relays", getattr(self._observed.counters, spec.name)
            )
