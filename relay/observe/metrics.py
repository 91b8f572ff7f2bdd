"""What Prometheus sees: read from the tables when somebody asks, so that packets pay nothing for it.

A number without labels is a field of `Counters` or `RelayStats` and needs nothing here. Whatever has labels is a
collector of its own beside this one, handed to `new_registry`, which refuses a name that is given twice.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from relay.observe.counters import Counters, RelayStats
from relay.observe.sessions import Durations, Sessions
from wzp_core import __version__

_AUTH_RESULTS = {"auth_accepted": "ok", "auth_refused": "fail"}


def new_registry(*collectors: Collector) -> CollectorRegistry:
    """One relay's own: several may live in one process. Raises ValueError for a metric that two of them have."""
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    for collector in collectors:
        registry.register(collector)
    return registry


class RelayCollector(Collector):
    """All numbers of the relay itself."""

    def __init__(self, stats: Callable[[], RelayStats], sessions: Sessions) -> None:
        self._stats = stats
        self._sessions = sessions

    def collect(self) -> Iterator[Metric]:
        stats = self._stats()
        yield InfoMetricFamily("wzp_relay_build", "Version of the relay", {"version": __version__})
        yield from _now(stats)
        yield from _totals(stats.totals)
        yield _auth_attempts(stats.totals)
        yield _histogram(
            "wzp_relay_handshake_duration_seconds", "From an open link to the answer", self._sessions.handshakes
        )
        yield from _session_families(self._sessions)


async def metrics_text(registry: CollectorRegistry) -> bytes:
    """In Prometheus' text format; between two metrics packets have their turn."""
    parts = []
    for family in registry.collect():
        parts.append(generate_latest(_Family(family)))
        await asyncio.sleep(0)
    return b"".join(parts)


class _Family(Collector):
    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterator[Metric]:
        yield self._family


def _now(stats: RelayStats) -> Iterable[Metric]:
    for spec in fields(stats):
        if spec.name != "totals":
            yield GaugeMetricFamily(
                f"wzp_relay_active_{spec.name}", f"{_words(spec.name)} at this moment", getattr(stats, spec.name)
            )


def _totals(totals: Counters) -> Iterable[Metric]:
    for spec in fields(totals):
        if spec.name not in _AUTH_RESULTS:
            yield CounterMetricFamily(
                f"wzp_relay_{spec.name}", f"{_words(spec.name)} since the relay started", getattr(totals, spec.name)
            )


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _auth_attempts(totals: Counters) -> Metric:
    family = CounterMetricFamily("wzp_relay_auth_attempts", "Clients that had to prove who they are", labels=["result"])
    for name, result in _AUTH_RESULTS.items():
        family.add_metric([result], getattr(totals, name))
    return family


def _histogram(name: str, words: str, durations: Durations) -> Metric:
    buckets, so_far = [], 0
    for bound, count in zip((*map(str, durations.bounds_s), "+Inf"), durations.counts, strict=True):
        so_far += count
        buckets.append((bound, so_far))
    return HistogramMetricFamily(name, words, buckets=buckets, sum_value=durations.sum_s)


def _session_families(sessions: Sessions) -> Iterable[Metric]:
    """A session that has told nothing yet has no series: zero would be a claim."""
    label = ["session_id"]
    loss = GaugeMetricFamily("wzp_relay_session_loss_pct", "Loss a participant reports, percent", labels=label)
    rtt = GaugeMetricFamily("wzp_relay_session_rtt_ms", "Round trip a participant reports, ms", labels=label)
    jitter = GaugeMetricFamily("wzp_relay_session_jitter_ms", "Jitter a participant reports, ms", labels=label)
    dred = CounterMetricFamily(
        "wzp_relay_session_dred_reconstructions", "Lost frames rebuilt from deep redundancy", labels=label
    )
    plc = CounterMetricFamily("wzp_relay_session_classical_plc", "Lost frames that were only concealed", labels=label)
    depth = GaugeMetricFamily(
        "wzp_relay_session_jitter_buffer_depth", "Packets held back for play-out by a participant", labels=label
    )
    underruns = CounterMetricFamily(
        "wzp_relay_session_underruns", "Packets that were not there when their turn came", labels=label
    )
    overruns = CounterMetricFamily(
        "wzp_relay_session_overruns", "Packets never played, to get rid of delay", labels=label
    )
    for record in sessions:
        who = [record.session_id]
        if (report := record.quality) is not None:
            loss.add_metric(who, round(report.loss, 2))
            rtt.add_metric(who, report.rtt_ms)
            jitter.add_metric(who, report.jitter_ms)
        if record.tells_recovery:
            dred.add_metric(who, record.dred)
            plc.add_metric(who, record.plc)
        for family, value in ((depth, record.depth), (underruns, record.underruns), (overruns, record.overruns)):
            if value is not None:
                family.add_metric(who, value)
    return loss, rtt, jitter, dred, plc, depth, underruns, overruns
