import pytest

from relay.observe.sessions import Durations, Sessions
from wzp_core.protocol.media.report import QualityReport
from wzp_core.protocol.signal.quality import LossRecoveryUpdate


def update(dred: int, plc: int) -> LossRecoveryUpdate:
    return LossRecoveryUpdate(dred_reconstructions=dred, classical_plc_invocations=plc, frames_decoded=1000)


def test_totals_only_rise() -> None:
    record = Sessions().open()
    for dred, plc in [(5, 2), (3, 4), (9, 1)]:
        record.recovered(update(dred, plc))
    assert (record.dred, record.plc) == (9, 4)


def test_a_total_that_is_left_out_stays_while_the_depth_is_of_now() -> None:
    record = Sessions().open()
    record.recovered(LossRecoveryUpdate(jitter_buffer_depth=4, underruns=5))
    record.recovered(LossRecoveryUpdate(jitter_buffer_depth=2, underruns=3))
    assert (record.depth, record.underruns, record.overruns) == (2, 5, None)
    record.recovered(LossRecoveryUpdate())
    assert (record.depth, record.underruns, record.overruns) == (None, 5, None)


def test_a_session_has_told_nothing_at_first() -> None:
    record = Sessions().open()
    assert record.quality is None
    assert not record.tells_recovery


def test_the_latest_report_counts() -> None:
    record = Sessions().open()
    for rtt_ms in (40, 80):
        record.report = QualityReport.of(loss_pct=10, rtt_ms=rtt_ms, jitter_ms=3).encode()
    assert record.quality is not None
    assert record.quality.rtt_ms == 80


def test_an_id_begins_with_a_number_that_is_never_used_again() -> None:
    sessions = Sessions()
    ids = []
    for _ in range(300):
        record = sessions.open()
        ids.append(record.session_id)
        sessions.close(record)
    assert [int.from_bytes(bytes.fromhex(text)[:8], "little") for text in ids] == list(range(1, 301))
    assert {len(text) for text in ids} == {32}
    assert len({text[16:] for text in ids}) == 300


def test_a_closed_session_is_gone_and_may_be_closed_twice() -> None:
    sessions = Sessions()
    first, second = sessions.open(), sessions.open()
    sessions.close(first)
    sessions.close(first)
    assert list(sessions) == [second]


@pytest.mark.parametrize(("seconds", "bucket"), [(0.0, 0), (0.1, 0), (0.10001, 1), (1.0, 1), (1.5, 2), (1e9, 2)])
def test_a_duration_falls_into_the_bucket_whose_bound_it_does_not_pass(seconds: float, bucket: int) -> None:
    durations = Durations((0.1, 1.0))
    durations.observe(seconds)
    assert durations.counts == [int(number == bucket) for number in range(3)]
    assert durations.sum_s == seconds
