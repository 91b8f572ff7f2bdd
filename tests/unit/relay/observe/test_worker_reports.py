from dataclasses import asdict

import pytest

from relay.decide.bus import Fares, Stats
from relay.decide.session_record import SessionRecord
from relay.observe import worker_reports
from relay.observe.counters import Counters
from relay.observe.metrics import WorkerCollector, new_registry
from relay.observe.sessions import Sessions
from relay.observe.worker_reports import WorkerReports


def observed(*handshakes_s: float) -> Sessions:
    sessions = Sessions()
    for seconds in handshakes_s:
        sessions.handshakes.observe(seconds)
    return sessions


def stats_of(counters: Counters, sessions: Sessions) -> Stats:
    return worker_reports.stats_of(counters, sessions, cpu_s=1.5)


def test_counts_of_all_workers_are_added_up_and_never_fall() -> None:
    told = WorkerReports()
    told.hear(1, stats_of(Counters(joins=2), observed()))
    told.hear(1, stats_of(Counters(joins=5, packets_received=7), observed()))
    told.hear(2, stats_of(Counters(joins=1), observed()))
    told.ended(1)
    assert (told.counts()["joins"], told.counts()["packets_received"]) == (6, 7)
    told.hear(1, stats_of(Counters(joins=1), observed()))  # the one that was started again
    assert told.counts()["joins"] == 7
    told.ended(3)  # that never said anything
    assert set(told.counts()) <= set(asdict(Counters()))


def test_handshakes_of_all_processes_fall_into_the_same_buckets() -> None:
    told = WorkerReports()
    told.hear(1, stats_of(Counters(), observed(0.002, 60.0)))
    told.ended(1)
    told.hear(1, stats_of(Counters(), observed(0.002)))
    own = observed(0.3)
    together = told.beside(own).handshakes
    assert together.counts == observed(0.002, 60.0, 0.002, 0.3).handshakes.counts
    assert together.sum_s == pytest.approx(60.304)
    assert sum(own.handshakes.counts) == 1


def test_participants_of_workers_stand_beside_our_own_while_their_worker_lives() -> None:
    told, own = WorkerReports(), Sessions()
    mine = own.open()
    one, other = SessionRecord("one", dred=3), SessionRecord("other")
    told.hear(1, Fares(sessions=(one, other)))
    told.hear(1, Fares(sessions=(one,)))
    told.hear(2, Fares(sessions=(other,)))
    assert list(told.beside(own)) == [mine, one, other]
    told.ended(1)
    assert list(told.beside(own)) == [mine, other]
    assert list(own) == [mine]


def test_the_processor_time_of_each_worker_that_lives_is_a_metric() -> None:
    told = WorkerReports()
    told.hear(1, stats_of(Counters(), observed()))
    told.hear(2, stats_of(Counters(), observed()))
    told.ended(2)
    registry = new_registry(WorkerCollector(told))
    name = "wzp_relay_worker_cpu_seconds_total"
    assert [registry.get_sample_value(name, {"worker": worker}) for worker in ("1", "2")] == [1.5, None]
