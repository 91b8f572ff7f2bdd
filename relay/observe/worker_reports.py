"""What worker processes tell of themselves, beside what the main process sees."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import fields

from relay.decide.bus import Fares, Stats, Total
from relay.decide.session_record import SessionRecord
from relay.observe.counters import Counters
from relay.observe.sessions import Sessions


def stats_of(counters: Counters, sessions: Sessions, *, cpu_s: float) -> Stats:
    """As a worker tells it."""
    counts = {spec.name: getattr(counters, spec.name) for spec in fields(counters)}
    return Stats(counts=_told(counts), handshakes=_told(sessions.handshakes.totals()), cpu_ms=int(cpu_s * 1000))


class WorkerReports:
    """The newest of each worker that lives. Totals of those that have ended stay: they never fall."""

    def __init__(self) -> None:
        self._newest: dict[int, Stats] = {}
        self._fares: dict[int, tuple[SessionRecord, ...]] = {}
        self._counts: Counter[str] = Counter()  # of workers that have ended
        self._handshakes: Counter[str] = Counter()

    def hear(self, worker: int, report: Stats | Fares) -> None:
        if isinstance(report, Stats):
            self._newest[worker] = report
        else:
            self._fares[worker] = report.sessions

    def ended(self, worker: int) -> None:
        self._fares.pop(worker, None)
        if (last := self._newest.pop(worker, None)) is not None:
            self._counts.update(_read(last.counts))
            self._handshakes.update(_read(last.handshakes))

    def counts(self) -> Counter[str]:
        """Fields of `Counters`, of all workers that there were."""
        return sum((_read(each.counts) for each in self._newest.values()), self._counts)

    def cpu_s(self) -> dict[int, float]:
        """Of each worker that lives, since its start."""
        return {worker: stats.cpu_ms / 1000 for worker, stats in self._newest.items()}

    def beside(self, own: Sessions) -> Sessions:
        """The participants of all processes; ids are unlike by chance."""
        handshakes = sum((_read(each.handshakes) for each in self._newest.values()), self._handshakes)
        return own.beside((each for fares in self._fares.values() for each in fares), handshakes)


def _told(totals: Mapping[str, int]) -> tuple[Total, ...]:
    return tuple(Total(name=name, value=value) for name, value in totals.items())


def _read(totals: tuple[Total, ...]) -> Counter[str]:
    return Counter({total.name: total.value for total in totals})
