import asyncio
from collections.abc import Iterator
from dataclasses import asdict, fields

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import REGISTRY, Collector

from relay.observe.counters import Counters, RelayStats
from relay.observe.metrics import RelayCollector, metrics_text, new_registry
from relay.observe.sessions import HANDSHAKE_BOUNDS_S, Sessions
from wzp_core import __version__
from wzp_core.protocol.media.report import QualityReport
from wzp_core.protocol.signal.quality import LossRecoveryUpdate

NOW = {spec.name: number for number, spec in enumerate(fields(RelayStats), 1) if spec.name != "totals"}
TOTALS = {spec.name: number for number, spec in enumerate(fields(Counters), 101)}


def stats() -> RelayStats:
    return RelayStats(**NOW, totals=Counters(**TOTALS))


def observed(sessions: Sessions) -> CollectorRegistry:
    return new_registry(RelayCollector(stats, lambda: sessions))


def series(registry: CollectorRegistry, name: str) -> dict[str, float]:
    """Values by session."""
    return {
        sample.labels["session_id"]: sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == name
    }


def test_every_number_of_the_tables_is_a_metric() -> None:
    registry = observed(Sessions())
    for name, value in asdict(stats()).items():
        if name != "totals":
            assert registry.get_sample_value(f"wzp_relay_active_{name}") == value
    for name, value in TOTALS.items():
        if not name.startswith("auth_"):
            assert registry.get_sample_value(f"wzp_relay_{name}_total") == value


def test_attempts_to_prove_an_identity_are_told_by_their_result() -> None:
    registry = observed(Sessions())
    name = "wzp_relay_auth_attempts_total"
    assert registry.get_sample_value(name, {"result": "ok"}) == TOTALS["auth_accepted"]
    assert registry.get_sample_value(name, {"result": "fail"}) == TOTALS["auth_refused"]


def test_the_version_is_told() -> None:
    assert observed(Sessions()).get_sample_value("wzp_relay_build_info", {"version": __version__}) == 1


def test_buckets_of_the_handshake_are_cumulative() -> None:
    sessions = Sessions()
    for seconds in (0.0005, 0.02, 0.02, 60.0):
        sessions.handshakes.observe(seconds)
    registry = observed(sessions)
    name = "wzp_relay_handshake_duration_seconds"
    told = [registry.get_sample_value(f"{name}_bucket", {"le": str(bound)}) for bound in HANDSHAKE_BOUNDS_S]
    assert told == [1, 1, 1, 3, 3, 3, 3, 3, 3, 3]
    assert registry.get_sample_value(f"{name}_bucket", {"le": "+Inf"}) == 4
    assert registry.get_sample_value(f"{name}_count") == 4
    assert registry.get_sample_value(f"{name}_sum") == pytest.approx(60.0405)


def test_a_session_shows_what_it_told_and_nothing_before_or_after() -> None:
    sessions = Sessions()
    registry = observed(sessions)
    silent, telling = sessions.open(), sessions.open()
    telling.report = QualityReport.of(loss_pct=20, rtt_ms=120, jitter_ms=7).encode()
    telling.recovered(
        LossRecoveryUpdate(
            dred_reconstructions=17, classical_plc_invocations=4, jitter_buffer_depth=3, underruns=21, overruns=2
        )
    )
    who = telling.session_id
    expected = {
        "wzp_relay_session_loss_pct": 20.0,
        "wzp_relay_session_rtt_ms": 120,
        "wzp_relay_session_jitter_ms": 7,
        "wzp_relay_session_dred_reconstructions_total": 17,
        "wzp_relay_session_classical_plc_total": 4,
        "wzp_relay_session_jitter_buffer_depth": 3,
        "wzp_relay_session_underruns_total": 21,
        "wzp_relay_session_overruns_total": 2,
    }
    assert {name: series(registry, name) for name in expected} == {name: {who: v} for name, v in expected.items()}
    sessions.close(telling)
    assert {name: series(registry, name) for name in expected} == {name: {} for name in expected}
    assert silent in list(sessions)


async def test_what_is_written_in_turns_is_what_would_be_written_at_once() -> None:
    sessions = Sessions()
    for number in range(120):
        sessions.open().recovered(LossRecoveryUpdate(dred_reconstructions=2**64 - 1 - number))
    registry = new_registry(RelayCollector(stats, lambda: sessions))
    once, turns = generate_latest(registry).decode(), (await metrics_text(registry)).decode()

    def relays_own(text: str) -> list[str]:
        return [line for line in text.splitlines() if "process_" not in line]

    assert relays_own(turns) == relays_own(once)
    assert len([line for line in relays_own(turns) if line.startswith("wzp_relay_session_dred")]) == 120


async def test_packets_have_their_turn_while_metrics_are_written() -> None:
    sessions = Sessions()
    for _ in range(500):
        sessions.open().report = bytes(4)
    loop, turns = asyncio.get_running_loop(), 0

    def packet() -> None:
        nonlocal turns
        turns += 1
        loop.call_soon(packet)

    loop.call_soon(packet)
    text = await metrics_text(observed(sessions))
    turns_meanwhile = turns
    assert text.count(b"wzp_relay_session_") > 1500
    assert turns_meanwhile >= 30  # for every fifty of them at least


def test_an_older_client_has_no_series_of_what_only_newer_ones_tell() -> None:
    sessions = Sessions()
    record = sessions.open()
    record.recovered(LossRecoveryUpdate(dred_reconstructions=1))
    registry = observed(sessions)
    assert series(registry, "wzp_relay_session_dred_reconstructions_total") == {record.session_id: 1}
    assert series(registry, "wzp_relay_session_underruns_total") == {}


def test_relays_of_one_process_are_apart() -> None:
    one, other = Sessions(), Sessions()
    record = one.open()
    record.report = bytes(4)
    names = "wzp_relay_session_loss_pct"
    assert series(observed(one), names) == {record.session_id: 0.0}
    assert series(observed(other), names) == {}
    assert not [name for family in REGISTRY.collect() if (name := family.name).startswith("wzp")]


class Mine(Collector):
    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("wzp_relay_active_rooms", "Mine", 1)


def test_a_metric_that_two_tables_name_is_refused() -> None:
    with pytest.raises(ValueError, match="wzp_relay_active_rooms"):
        new_registry(RelayCollector(stats, Sessions), Mine())
