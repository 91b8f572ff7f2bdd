"""What adaptive playout does to real speech: no clicks, no holes, soon back to normal."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.audio.speech import needs_speech, speech
from wzp_core.cli.bench_score import scored
from wzp_core.dsp.frame import FRAME_SAMPLES, Samples
from wzp_core.media.downlink import Downlink
from wzp_core.media.stats import ReceiveStats
from wzp_core.media.uplink import Uplink
from wzp_core.protocol.media.header import decode_packet, encode_packet

pytestmark = needs_speech


@dataclass(frozen=True)
class Heard:
    sent: Samples
    heard: Samples
    delay_ms: list[float]  # of the jitter buffer, per 20 ms
    stats: ReceiveStats


def carried(delays_s: Sequence[float]) -> Heard:
    """Thirteen seconds on simulated time; each packet takes its own delay, and none is lost."""
    uplink = Uplink(stream_id=1, seal=lambda packet, now: encode_packet(packet))
    downlink = Downlink(lambda datagram, now: decode_packet(datagram))
    frames, heard, delay_ms = speech() * 2, [], []
    flying: list[tuple[float, bytes]] = []
    for tick, frame in enumerate(frames):
        now = tick * 0.020
        flying += [(now + delays_s[tick], datagram) for datagram in uplink.push(frame, now)]
        landed = sorted(entry for entry in flying if entry[0] <= now + 0.010)
        flying = [entry for entry in flying if entry[0] > now + 0.010]
        for at, datagram in landed:
            downlink.receive(datagram, at)
        heard.append(downlink.pull(now + 0.010))
        delay_ms.append(downlink.stats().jitter_delay_ms)
    return Heard(np.concatenate(frames), np.concatenate(heard), delay_ms, downlink.stats())


def in_one_queue(delays_s: Sequence[float]) -> list[float]:
    queued, last = [], 0.0
    for tick, delay in enumerate(delays_s):
        last = max(last, tick * 0.020 + delay)
        queued.append(last - tick * 0.020)
    return queued


def steepest(samples: Samples) -> float:
    """The size of the largest step between two samples that is no part of a louder neighbourhood: a click."""
    steps = np.abs(np.diff(samples.astype(float)))
    around = np.sqrt(np.convolve(steps * steps, np.ones(480) / 480, "same")) + 100.0
    return float((steps / around).max())


def test_a_spike_is_played_off_within_five_seconds_without_a_click() -> None:
    spike = 150
    link = carried(in_one_queue([0.302 if tick == spike else 0.002 for tick in range(800)]))
    normal = link.delay_ms[spike - 1]
    assert max(link.delay_ms[spike : spike + 20]) > normal + 250.0
    assert max(link.delay_ms[spike + 250 :]) <= normal + 15.0
    assert link.stats.discarded == link.stats.lost == 0
    assert link.stats.concealed_ms <= 200.0  # then the guess has faded out
    assert steepest(link.heard) <= 1.1 * steepest(link.sent)
    assert scored(link.sent, link.heard).pesq >= 3.3


def test_pareto_jitter_leaves_speech_nearly_as_it_was() -> None:
    delays = 0.025 * 2 / 3 * (1.0 + np.random.default_rng(3).pareto(3.0, 800))
    link, clean = carried([float(delay) for delay in delays]), carried([0.002] * 800)
    assert np.mean(link.delay_ms) <= 70.0
    assert link.stats.concealed_ms / (len(link.delay_ms) * 20.0) <= 0.01
    assert steepest(link.heard) <= 1.1 * steepest(link.sent)
    score, best = scored(link.sent, link.heard), scored(clean.sent, clean.heard)
    assert score.pesq >= best.pesq - 0.8
    assert score.stoi >= best.stoi - 0.02


def test_every_pull_is_exactly_one_frame_whatever_is_stretched() -> None:
    delays = in_one_queue([0.1 * (tick % 40 == 0) for tick in range(800)])
    link = carried(delays)
    assert link.heard.size == link.sent.size
    assert link.heard.size % FRAME_SAMPLES == 0
