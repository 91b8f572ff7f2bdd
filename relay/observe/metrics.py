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

from relay.decide.session_record import SessionRecord
from relay.observe.counters import Counters, RelayStats
from relay.observe.sessions import Durations, Sessions
from relay.observe.worker_reports import WorkerReports
from wzp_core import __version__
from wzp_core.protocol.media.report import QualityReport

_SAMPLES_AT_ONCE = 50
_COMMENT_LINES = 2  # before the samples of a family: HELP, TYPE

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

    def __init__(self, stats: Callable[[], RelayStats], observed: Callable[[], Sessions]) -> None:
        self._stats = stats
        self._observed = observed

    def collect(self) -> Iterator[Metric]:
        stats, sessions = self._stats(), self._observed()
        yield InfoMetricFamily("wzp_relay_build", "Version of the relay", {"version": __version__})
        yield from _now(stats)
        yield from _totals(stats.totals)
        yield _auth_attempts(stats.totals)
        yield _histogram("wzp_relay_handshake_duration_seconds", "From an open link to the answer", sessions.handshakes)
        yield from _session_families(sessions)


class WorkerCollector(Collector):
    """What the operating system knows of each worker: that of the main process is in `ProcessCollector`'s."""

    def __init__(self, reports: WorkerReports) -> None:
        self._reports = reports

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(
            "wzp_relay_worker_cpu_seconds", "Processor time of a worker since its start", labels=["worker"]
        )
        for worker, seconds in self._reports.cpu_s().items():
            family.add_metric([str(worker)], seconds)
        yield family


async def metrics_text(registry: CollectorRegistry) -> bytes:
    """In Prometheus' text format; packets have their turn every few samples."""
    parts = []
    for family in registry.collect():
        for at in range(0, max(1, len(family.samples)), _SAMPLES_AT_ONCE):
            text = generate_latest(_Part(family, at))
            parts.append(text if at == 0 else text.split(b"\n", _COMMENT_LINES)[_COMMENT_LINES])
            await asyncio.sleep(0)
    return b"".join(parts)


class _Part(Collector):
    """Some samples of a family."""

    def __init__(self, family: Metric, at: int) -> None:
        self._part = Metric(family.name, family.documentation, family.type)
        self._part.samples = family.samples[at : at + _SAMPLES_AT_ONCE]

    def collect(self) -> Iterator[Metric]:
        yield self._part


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


def _reported(value: Callable[[QualityReport], float]) -> Callable[[SessionRecord], float | None]:
    return lambda record: None if (report := record.quality) is None else value(report)


def _told(value: Callable[[SessionRecord], float | None]) -> Callable[[SessionRecord], float | None]:
    return lambda record: value(record) if record.tells_recovery else None


_PER_SESSION: tuple[
    tuple[type[GaugeMetricFamily] | type[CounterMetricFamily], str, str, Callable[[SessionRecord], float | None]], ...
] = (
    (GaugeMetricFamily, "loss_pct", "Loss, percent", _reported(lambda report: round(report.loss, 2))),
    (GaugeMetricFamily, "rtt_ms", "Round trip, ms", _reported(lambda report: report.rtt_ms)),
    (GaugeMetricFamily, "jitter_ms", "Jitter, ms", _reported(lambda report: report.jitter_ms)),
    (
        CounterMetricFamily,
        "dred_reconstructions",
        "Lost frames rebuilt from deep redundancy",
        _told(lambda it: it.dred),
    ),
    (CounterMetricFamily, "classical_plc", "Lost frames that were only concealed", _told(lambda it: it.plc)),
    (GaugeMetricFamily, "jitter_buffer_depth", "Packets held back for play-out", lambda it: it.depth),
    (CounterMetricFamily, "underruns", "Packets that were not there when their turn came", lambda it: it.underruns),
    (CounterMetricFamily, "overruns", "Packets never played, to get rid of delay", lambda it: it.overruns),
)


def _session_families(sessions: Sessions) -> Iterable[Metric]:
    """As participants tell. One that has told nothing yet has no series: zero would be a claim."""
    for family_of, name, words, value in _PER_SESSION:
        family = family_of(f"wzp_relay_session_{name}", f"{words}, as a participant tells", labels=["session_id"])
        for record in sessions:
            if (told := value(record)) is not None:
                family.add_metric([record.session_id], told)
        yield family
