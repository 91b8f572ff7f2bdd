"""How well speech comes through loss and jitter: what must be shown, and the usual grid."""

import time
from pathlib import Path

import numpy as np
import pytest

from tests.audio import test_jitter_speech as jitter
from tests.audio import test_low_rates as low
from tests.audio import test_speech_quality as quality
from tests.audio.speech import needs_speech, pesq_wb
from tests.unit.media import test_jitter_traces as traces
from wzp_core.cli.__main__ import main
from wzp_core.cli.bench import CALL, DRED, NO_REPAIRS, PLAIN, REPAIRS, Cell, Row, measured
from wzp_core.cli.bench_link import Link
from wzp_core.media.dred_tuner import DredTuner, Protection
from wzp_core.protocol.profile import CATASTROPHIC, GOOD, CodecId

SEEDS = range(1, 6)

pytestmark = [needs_speech, pytest.mark.timeout(3600)]


def rows(codec: CodecId, link: Link, receiver: str) -> list[Row]:
    return [measured(Cell(codec, link, receiver), seed=seed) for seed in SEEDS]


def bench_bursts_of_200_ms_at_13_percent() -> None:
    """PESQ of 3.0 or more, where guessing has 2.1."""
    scores = {}
    to_older_peers = DredTuner(GOOD.codec).update(13.0, 40.0, 0.0, 10.0)
    assert to_older_peers is not None
    for what, protection in (
        ("guessed", Protection(0, 13)),
        ("DRED", to_older_peers),
        ("each frame again 10 packets later", Protection(0, 13, (10,))),
    ):
        sent, heard, _ = quality.carried(lambda number: 0.002 if number % 77 < 67 else None, GOOD, protection)
        scores[what] = pesq_wb(sent, heard)
        print(f"\nbursts of 200 ms, 13 %: {what}: PESQ {scores[what]:.2f}", end="")
    assert scores["each frame again 10 packets later"] >= 3.0


def bench_thirty_percent_of_independent_loss() -> None:
    """Half a PESQ better than plain Opus with its own redundancy and a fixed buffer of 60 ms."""
    link, means = Link(30), {}
    for receiver in (CALL, DRED, PLAIN):
        got = [row.pesq for row in rows(GOOD.codec, link, receiver)]
        means[receiver] = float(np.mean(got))
        print(f"\n30 % loss: {receiver}: PESQ {means[receiver]:.2f} of {got}", end="")
    assert means[CALL] >= means[PLAIN] + 0.5


def bench_codec2_3200_at_half_the_packets() -> None:
    """STOI of 0.75 or more; brought into step by waveform, which a vocoder does not keep, so it is rather more."""
    means = {}
    for receiver in (REPAIRS, NO_REPAIRS):
        got = [row.stoi for row in rows(CodecId.CODEC2_3200, Link(50), receiver)]
        means[receiver] = float(np.mean(got))
        print(f"\n50 % loss, Codec2 3200: {receiver}: STOI {means[receiver]:.3f} of {got}", end="")
    assert means[REPAIRS] >= 0.75


def bench_lifeboat_over_eight_kilobits_and_20_percent_loss() -> None:
    got = []
    for seed in SEEDS:
        way, uplink = low.Trickle(seed), low.sender(CATASTROPHIC)
        uplink.use(CATASTROPHIC, lifeboat=True)
        sent, heard, _ = low.carried(way, uplink, voice=lambda frame: bool(np.abs(frame).max() > 300))
        got.append(round(low.understood(sent, heard), 3))
    print(f"\nlifeboat, 8 kbit/s, 20 % loss: STOI {np.mean(got):.3f} of {got}")
    assert np.mean(got) >= 0.70


def bench_pareto_jitter_of_25_ms() -> None:
    """At most 70 ms of delay, on average, with 1 % concealed; two minutes for each seed."""
    replays = [traces.replayed(traces.pareto(3.0, seed), seed) for seed in SEEDS]
    delays = [round(float(np.mean(replay.held_ms)), 1) for replay in replays]
    concealed = [round(replay.concealed_pct, 2) for replay in replays]
    print(f"\nPareto jitter of 25 ms: {np.mean(delays):.1f} ms of {delays}, ", end="")
    print(f"concealed {np.mean(concealed):.2f} % of {concealed}")
    assert np.mean(delays) <= 70.0
    assert np.mean(concealed) <= 1.0


def bench_a_spike_of_300_ms() -> None:
    """Back within 5 s."""
    spike = 150
    link = jitter.carried(jitter.in_one_queue([0.302 if tick == spike else 0.002 for tick in range(800)]))
    normal = link.delay_ms[spike - 1]
    since = next(tick for tick in range(spike, 800) if max(link.delay_ms[tick:]) <= normal + 15.0)
    back_s = (since - spike) * 0.020
    print(f"\nspike of 300 ms: {max(link.delay_ms):.0f} ms held, {normal:.0f} ms again after {back_s:.1f} s")
    assert back_s <= 5.0


def bench_grid(tmp_path: Path) -> None:
    began = time.monotonic()
    assert main(["bench", "voice", "--out", str(tmp_path)]) == 0
    print(f"\n{tmp_path / 'voice.md'}, {time.monotonic() - began:.0f} s")
    assert (tmp_path / "voice.json").stat().st_size > 0
