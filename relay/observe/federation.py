"""What Prometheus sees of the links with other relays (relay.md §13)."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from relay.observe.counters import PeerStats


class FederationCollector(Collector):
    """A series for each configured relay, linked or not."""

    def __init__(self, peers: Callable[[], Iterable[PeerStats]]) -> None:
        self._peers = peers

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("wzp_federation_peer_status", "1 while the relay is linked, else 0", labels=["peer"])
        rtt = GaugeMetricFamily("wzp_federation_peer_rtt_ms", "Round trip to a linked relay, ms", labels=["peer"])
        for peer in self._peers():
            up.add_metric([peer.label], float(peer.up))
            if peer.up:
                rtt.add_metric([peer.label], round(peer.rtt_ms, 1))
        yield up
        yield rtt
