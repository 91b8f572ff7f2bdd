import json
from pathlib import Path
from typing import Any

import pytest

from wzp_core.errors import ErrorCode, LocalMisuse, RemoteViolation
from wzp_core.protocol.media.report import QualityReport

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "media.json").read_text("utf-8"))["reports"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["hex"])
def test_each_example_of_the_specification_is_coded_alike(vector: dict[str, Any]) -> None:
    report = QualityReport.of(loss_pct=vector["loss_pct"], rtt_ms=vector["rtt_ms"], jitter_ms=vector["jitter_ms"])
    assert report.encode().hex() == vector["hex"]
    assert QualityReport.decode(bytes.fromhex(vector["hex"])) == report


def test_a_report_tells_percent_and_milliseconds() -> None:
    report = QualityReport(255, 25, 20, 200)
    assert (report.loss, report.rtt_ms) == (100.0, 100)


def test_a_measurement_out_of_range_becomes_the_nearest_end() -> None:
    wild = QualityReport.of(loss_pct=float("nan"), rtt_ms=float("inf"), jitter_ms=-3.0, cap_kbps=10_000)
    assert wild == QualityReport(0, 255, 0, 255)


@pytest.mark.parametrize("length", [0, 3, 5])
def test_a_report_has_four_bytes(length: int) -> None:
    with pytest.raises(RemoteViolation) as refused:
        QualityReport.decode(bytes(length))
    assert refused.value.code is ErrorCode.MALFORMED_PACKET


def test_we_never_send_a_value_that_does_not_fit() -> None:
    with pytest.raises(LocalMisuse):
        QualityReport(256, 0, 0, 0).encode()
