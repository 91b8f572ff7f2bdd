"""What sending and receiving cost, measured in small; how much it is, is for `wzp bench pipeline` to say."""

import json
from pathlib import Path

import numpy as np
import pytest

from wzp_core.cli.__main__ import main
from wzp_core.cli.bench_pipeline import receiving
from wzp_core.cli.bench_speech import SPEECH
from wzp_core.media.downlink import MOST_STREAMS


@pytest.mark.skipif(not SPEECH.is_dir(), reason="needs the package pocketsphinx-testdata")
def test_both_ways_are_measured_and_judged_by_their_targets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "pipeline", "--seconds", "2", "--json", "--out", str(tmp_path / "new")]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    rows, summary = events[:-1], events[-1]
    assert {row["what"].split(":")[0] for row in rows} == {"send", "receive"}
    assert {row["streams"] for row in rows} == {1, 4, MOST_STREAMS}
    assert all(row["mean_ms"] > 0 for row in rows)
    assert summary["above_target"] == [row["what"] for row in rows if row["each_ms"] > row["target_ms"]]
    written = json.loads((tmp_path / "new" / "pipeline.json").read_text())
    assert [row["what"] for row in written] == [row["what"] for row in rows]
    assert len((tmp_path / "new" / "pipeline.md").read_text().splitlines()) == len(rows) + 2


def test_a_room_costs_what_its_people_cost() -> None:
    """Not a bound on time: nobody may have been left out of the work."""
    frames = list(np.random.default_rng(1).normal(0, 3000, (80, 960)).astype(np.int16))
    one, many = (receiving("room", frames, streams=count) for count in (2, MOST_STREAMS))
    assert many.mean_ms > 2 * one.mean_ms
