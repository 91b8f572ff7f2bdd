"""Real speech through uplink and downlink, on links good and bad."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.audio.speech import intelligibility, needs_speech, offset_of, pesq_wb, speech
from wzp_core.codec.libopus import opus_library
from wzp_core.codec.opus import OpusDecoder
from wzp_core.dsp.frame import FRAME_SAMPLES, Samples, silence
from wzp_core.media.downlink import Downlink
from wzp_core.media.dred_tuner import Protection
from wzp_core.media.stats import ReceiveStats
from wzp_core.media.uplink import Uplink
from wzp_core.protocol.media.header import decode_packet, encode_packet
from wzp_core.protocol.profile import DEGRADED, GOOD, QualityProfile

pytestmark = needs_speech

Fate = Callable[[int], float | None]
"""Packet number → delay on the way in s, None = lost."""


USUAL = Protection(20, 0)


def carried(
    fate: Fate, profile: QualityProfile = GOOD, protection: Protection = USUAL
) -> tuple[Samples, Samples, ReceiveStats]:
    """What was said and what was heard, on simulated time."""
    uplink = Uplink(stream_id=1, seal=lambda packet, now: encode_packet(packet), profile=profile)
    uplink.protect(protection)
    downlink = Downlink(lambda datagram, now: decode_packet(datagram))
    frames, heard, number = [*speech(), *[silence(FRAME_SAMPLES)] * 15], [], 0  # silence: the end is heard too
    flying: list[tuple[float, bytes]] = []
    for tick, frame in enumerate(frames):
        now = tick * 0.020
        for datagram in uplink.push(frame, now):
            delay = fate(number)
            number += 1
            if delay is not None:
                flying.append((now + delay, datagram))
        landed = sorted(entry for entry in flying if entry[0] <= now + 0.010)
        flying = [entry for entry in flying if entry[0] > now + 0.010]
        for at, datagram in landed:
            downlink.receive(datagram, at)
        heard.append(downlink.pull(now + 0.010))
    return np.concatenate(frames), np.concatenate(heard), downlink.stats()


def in_bursts(number: int) -> float | None:
    """Ten packets of every eighty are lost together."""
    return None if number >= 80 and number % 80 < 10 else 0.002


def test_a_clean_link_keeps_speech_as_it_was_and_soon() -> None:
    sent, heard, stats = carried(lambda number: 0.002)
    assert pesq_wb(sent, heard) >= 3.8
    assert intelligibility(sent, heard) >= 0.95
    assert (stats.lost, stats.concealed_ms) == (0, 0.0)
    assert offset_of(heard, sent) / 48.0 < 40.0


def test_the_lowest_opus_rate_stays_intelligible() -> None:
    sent, heard, stats = carried(lambda number: 0.002, DEGRADED)
    assert intelligibility(sent, heard) >= 0.85
    assert stats.lost == 0


@pytest.mark.skipif(not opus_library().has_dred, reason="this libopus was built without DRED")
def test_deep_redundancy_repairs_bursts_better_than_guessing(monkeypatch: pytest.MonkeyPatch) -> None:
    sent, rebuilt, with_dred = carried(in_bursts, protection=Protection(20, 30))
    monkeypatch.setattr(OpusDecoder, "redundancy", lambda self, payload: 0)
    _, guessed, without = carried(in_bursts, protection=Protection(20, 30))
    assert with_dred.dred_frames > 15
    assert without.dred_frames == 0
    assert with_dred.lost == without.lost == 40
    assert pesq_wb(sent, rebuilt) > pesq_wb(sent, guessed) + 0.15
    assert intelligibility(sent, rebuilt) > intelligibility(sent, guessed) + 0.04


def test_heavy_jitter_and_reordering_are_hardly_heard() -> None:
    delays = np.random.default_rng(5).gamma(1.5, 0.012, 1_000)
    sent, heard, stats = carried(lambda number: float(delays[number]))
    assert stats.lost <= 10
    assert stats.lost == stats.late  # nothing was really lost
    assert pesq_wb(sent, heard) >= (3.5 if opus_library().has_dred else 2.8)


def test_frames_that_are_sent_again_survive_long_bursts() -> None:
    sent, repaired, stats = carried(in_bursts, protection=Protection(0, 0, (10,)))
    _, guessed, _ = carried(in_bursts)
    assert stats.fec_frames >= 30
    assert pesq_wb(sent, repaired) >= 3.0
    assert pesq_wb(sent, repaired) > pesq_wb(sent, guessed) + 0.5
