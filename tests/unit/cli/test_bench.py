"""The voice benchmark in small: it measures, it is repeatable, and it says what is missing."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from wzp_core.cli import bench, bench_speech
from wzp_core.cli.__main__ import main
from wzp_core.cli.bench import (
    CALL,
    DRED,
    LIFEBOAT,
    NO_DRED,
    NO_REPAIRS,
    PLAIN,
    REPAIRS,
    Cell,
    Row,
    grid,
    measured,
    profiles,
    written,
)
from wzp_core.cli.bench_link import Link, carry, carry_plainly, protection_for, sent, sent_plainly
from wzp_core.cli.bench_speech import SPEECH
from wzp_core.cli.bench_table import markdown
from wzp_core.codec.libopus import opus_library
from wzp_core.protocol.profile import GOOD, CodecId

needs_speech = pytest.mark.skipif(not SPEECH.is_dir(), reason="needs the package pocketsphinx-testdata")
BEST = DRED if opus_library().has_dred else NO_DRED
SECONDS = 7.0


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(2).normal(0, 2_000, int(48_000 * seconds)).astype(np.int16)


@needs_speech
def test_on_a_clean_link_speech_is_good_and_sooner_than_with_a_fixed_buffer() -> None:
    ours, plain = (measured(Cell(GOOD.codec, Link(), receiver), SECONDS) for receiver in (BEST, PLAIN))
    assert plain.pesq > 3.8
    assert ours.pesq >= plain.pesq - 0.05
    assert (ours.concealed_pct, plain.concealed_pct) == (0.0, 0.0)
    assert ours.delay_ms < plain.delay_ms - 20.0


@needs_speech
def test_on_a_bad_link_our_receiver_guesses_less_than_a_fixed_buffer() -> None:
    link = Link(loss_pct=20, burst=4, jitter_ms=150)
    ours, plain = (measured(Cell(GOOD.codec, link, receiver), SECONDS) for receiver in (BEST, PLAIN))
    assert ours.concealed_pct < plain.concealed_pct
    assert ours.stoi > plain.stoi


@needs_speech
def test_the_end_of_what_was_said_is_heard_however_late() -> None:
    ours, plain = (measured(Cell(GOOD.codec, Link(), receiver), 2.0) for receiver in (NO_DRED, PLAIN))
    assert ours.pesq == pytest.approx(plain.pesq, abs=0.01)  # it is cut off in the middle of a word


@pytest.mark.parametrize("burst", [1, 4, 10])
def test_a_link_loses_what_it_is_told_to(burst: int) -> None:
    packets = sent_plainly(noise(30.0), GOOD, expected_loss_pct=20)
    plain = carry_plainly(packets, Link(loss_pct=20, burst=burst), seed=3)
    assert (plain.concealed_ms + plain.rebuilt_ms) / 30_000.0 == pytest.approx(0.20, abs=0.06)


def test_a_measurement_is_the_same_every_time() -> None:
    link = Link(loss_pct=10, burst=2, jitter_ms=50)
    packets = sent(noise(3.0), GOOD, protection_for(GOOD, link, dred=True))
    one, two = (carry(packets, link, seed=1) for _ in range(2))
    assert np.array_equal(one.heard, two.heard)
    assert (one.concealed_ms, one.rebuilt_ms, one.buffer_ms) == (two.concealed_ms, two.rebuilt_ms, two.buffer_ms)


def test_the_grid_has_every_profile_we_can_encode_and_the_whole_of_it_every_link() -> None:
    quick, full = grid(full=False), grid(full=True)
    assert {cell.codec for cell in quick} == {cell.codec for cell in full} == {profile.codec for profile in profiles()}
    assert len(full) > 5 * len(quick)
    assert len(set(full)) == len(full)
    assert {cell.link.loss_pct for cell in full} == {0, 10, 20, 30, 40, 50}
    assert {cell.link.burst for cell in full} == {1, 2, 4, 10}
    assert {cell.link.jitter_ms for cell in full} == {0, 50, 150}
    assert all((cell.receiver in (REPAIRS, NO_REPAIRS, LIFEBOAT)) is not cell.codec.is_opus for cell in full)


def row(**more: object) -> Row:
    values = {"codec": "Opus24k", "link": "clean", "loss_pct": 0, "burst": 1, "jitter_ms": 0, "receiver": PLAIN}
    scores = {"pesq": 4.0, "stoi": 0.9, "plcmos": None, "delay_ms": 1.0}
    shares = {"concealed_pct": 0.0, "rebuilt_pct": 0.0, "kbit_s": 24.0}
    return Row(**{**values, **scores, **shares, **more})  # type: ignore[arg-type]


def test_the_table_has_a_head_and_one_line_per_measurement() -> None:
    lines = markdown([asdict(row()), asdict(row(pesq=3.21))]).splitlines()
    assert len(lines) == 4
    assert len({len(line) for line in lines}) == 1
    assert "3.21" in lines[3]


def test_tables_are_written_for_people_and_programs(tmp_path: Path) -> None:
    written([row(), row(loss_pct=10, pesq=3.0)], tmp_path / "new")
    assert json.loads((tmp_path / "new" / "voice.json").read_text())[1]["pesq"] == 3.0
    assert (tmp_path / "new" / "voice.md").read_text().startswith("| Codec")
    for name in ("voice.png", "voice-links.png"):
        assert (tmp_path / "new" / name).read_bytes().startswith(b"\x89PNG")


@needs_speech
def test_what_protects_codec2_is_worth_it() -> None:
    link = Link(loss_pct=30)
    repaired, bare = (measured(Cell(CodecId.CODEC2_3200, link, how), SECONDS) for how in (REPAIRS, NO_REPAIRS))
    assert repaired.stoi > bare.stoi + 0.05
    assert (bare.rebuilt_pct, repaired.kbit_s > bare.kbit_s) == (0.0, True)
    (boat,) = (measured(Cell(CodecId.CODEC2_1200, link, LIFEBOAT), SECONDS),)
    assert boat.rebuilt_pct > 10
    assert boat.kbit_s < 4


def test_a_score_that_nobody_could_give_has_no_column() -> None:
    assert "PLCMOS" not in markdown([asdict(row())])
    assert "PLCMOS" in markdown([asdict(row()), asdict(row(plcmos=4.1))])


def test_without_speech_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench_speech, "SPEECH", tmp_path)
    bench_speech.speech.cache_clear()
    for what in ("voice", "pipeline"):
        assert main(["bench", what, "--json"]) == 3
        assert "pocketsphinx-testdata" in capsys.readouterr().err


def test_only_what_can_be_measured_is_offered() -> None:
    parser = ArgumentParser()
    bench.add_flags(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["crypto"])


def test_an_opus_profile_is_measured_against_plain_opus_of_its_own_rate() -> None:
    cells = [cell for cell in grid(full=False) if cell.codec is CodecId.OPUS_6K]
    assert {cell.receiver for cell in cells} == {CALL, BEST, PLAIN}
