"""Real speech at the lowest rates: through half a link, into the lifeboat, and from profile to profile."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.audio.speech import needs_speech, speech, understood
from wzp_core.dsp.frame import Samples, silence
from wzp_core.media.downlink import Downlink
from wzp_core.media.dred_tuner import Protection
from wzp_core.media.stats import ReceiveStats
from wzp_core.media.uplink import Uplink
from wzp_core.protocol.media.header import decode_packet, encode_packet
from wzp_core.protocol.profile import (
    CATASTROPHIC,
    CODEC2_3200,
    DEGRADED,
    GOOD,
    STUDIO_64K,
    CodecId,
    QualityProfile,
)

pytestmark = needs_speech

Way = Callable[[int, int, float], float | None]
"""Packet number, datagram bytes and time in s → when it arrives, None = never."""

OUTSIDE_BYTES = 20 + 8 + 11 + 3 + 16 + 16  # IP, UDP, QUIC short header, datagram frame, QUIC tag, our tag


def at_once(number: int, size: int, now: float) -> float | None:
    return now + 0.002


def losing(share: float, seed: int) -> Way:
    fates = np.random.default_rng(seed).random(5_000)
    return lambda number, size, now: now + 0.002 if fates[number] >= share else None


class Trickle:
    """8 kbit/s with a queue, then 50 ms on the way; one packet of five is lost behind the narrow place."""

    def __init__(self, seed: int) -> None:
        self.bits = 0
        self.longest_wait_s = 0.0
        self._free_at = 0.0
        self._fates = np.random.default_rng(seed).random(1_000)

    def __call__(self, number: int, size: int, now: float) -> float | None:
        bits = (size + OUTSIDE_BYTES) * 8
        self.bits += bits
        self.longest_wait_s = max(self.longest_wait_s, self._free_at - now)
        self._free_at = max(self._free_at, now) + bits / 8_000
        return self._free_at + 0.050 if self._fates[number] >= 0.2 else None


def carried(
    way: Way,
    uplink: Uplink,
    steps: dict[int, Callable[[Uplink], None]] | None = None,
    voice: Callable[[Samples], bool] = lambda frame: True,
) -> tuple[Samples, Samples, ReceiveStats]:
    """What was said and what was heard, on simulated time; `steps` happen at their frames."""
    downlink = Downlink(lambda datagram, now: decode_packet(datagram))
    frames, heard, number = speech(), [], 0
    flying: list[tuple[float, bytes]] = []
    for tick, frame in enumerate([*frames, *[silence()] * 50]):
        now = tick * 0.020
        if steps and tick in steps:
            steps[tick](uplink)
        for datagram in uplink.push(frame, now, voice(frame)):
            at = way(number, len(datagram), now)
            number += 1
            if at is not None:
                flying.append((at, datagram))
        landed = sorted(entry for entry in flying if entry[0] <= now + 0.010)
        flying = [entry for entry in flying if entry[0] > now + 0.010]
        for at, datagram in landed:
            downlink.receive(datagram, at)
        heard.append(downlink.pull(now + 0.010))
    return np.concatenate(frames), np.concatenate(heard), downlink.stats()


def sender(profile: QualityProfile) -> Uplink:
    return Uplink(stream_id=1, seal=lambda packet, now: encode_packet(packet), profile=profile)


def largest_step(samples: Samples) -> int:
    return int(np.abs(np.diff(samples.astype(int))).max())


@pytest.mark.parametrize(("profile", "least"), [(CODEC2_3200, 0.83), (CATASTROPHIC, 0.78)])
def test_the_lowest_rates_stay_intelligible(profile: QualityProfile, least: float) -> None:
    sent, heard, stats = carried(at_once, sender(profile))
    assert understood(sent, heard) >= least
    assert (stats.lost, stats.plc_frames) == (0, 0)


def test_half_of_all_packets_may_be_lost() -> None:
    uplink = sender(CODEC2_3200)
    uplink.short_repairs = True
    uplink.protect(Protection(0, 50))
    sent, heard, stats = carried(losing(0.5, 1), uplink)
    assert understood(sent, heard) >= 0.75
    assert stats.fec_frames > 120
    assert stats.lost < 50
    unprotected, poor, _ = carried(losing(0.5, 1), sender(CODEC2_3200))
    assert understood(unprotected, poor) < understood(sent, heard) - 0.05


def test_the_lifeboat_carries_a_voice_over_eight_kilobits_and_twenty_percent_loss() -> None:
    scores = []
    for seed in (1, 2, 3):
        way, uplink = Trickle(seed), sender(CATASTROPHIC)
        uplink.use(CATASTROPHIC, lifeboat=True)
        sent, heard, stats = carried(way, uplink, voice=lambda frame: bool(np.abs(frame).max() > 300))
        scores.append(understood(sent, heard))
        assert way.bits / 8.1 < 6_000  # bit/s, with everything that surrounds a packet
        assert way.longest_wait_s <= 0.0  # the queue is empty whenever a packet comes
        assert stats.fec_frames > 10
    assert np.mean(scores) >= 0.72
    assert min(scores) >= 0.68


PAIRS = [
    (STUDIO_64K, DEGRADED),
    (GOOD, STUDIO_64K),
    (GOOD, DEGRADED),
    (GOOD, CODEC2_3200),
    (GOOD, CATASTROPHIC),
    (CODEC2_3200, CATASTROPHIC),
]


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=lambda profile: profile.codec.wire_name)
def test_profiles_change_in_mid_speech_without_a_click(one: QualityProfile, other: QualityProfile) -> None:
    steps = {
        100: lambda uplink: uplink.use(other),
        150: lambda uplink: uplink.use(one),
        200: lambda uplink: uplink.use(other),
        251: lambda uplink: uplink.use(one),
    }
    sent, switched, stats = carried(at_once, sender(one), steps)
    steady = [carried(at_once, sender(profile))[1] for profile in (one, other)]
    assert largest_step(switched) <= 1.1 * max(largest_step(sent), *map(largest_step, steady))
    assert stats.lost == stats.undecodable == 0
    assert understood(sent, switched) >= 0.80


def test_silence_that_is_left_out_sounds_like_silence_and_the_voice_comes_back() -> None:
    uplink = sender(GOOD)
    uplink.dtx = True
    silent = {number: (100 <= number < 200) for number in range(1_000)}
    count = iter(range(1_000))
    sent, heard, stats = carried(at_once, uplink, voice=lambda frame: not silent[next(count)])
    assert uplink.stats().packets < 420 - 60
    assert stats.lost == 0
    quiet = heard[115 * 960 : 195 * 960].astype(float)
    assert 0 < np.abs(quiet).max() <= 255
    assert understood(sent[210 * 960 :], heard[210 * 960 :]) >= 0.95


def test_every_low_rate_packet_names_its_codec() -> None:
    uplink = sender(GOOD)
    uplink.use(CATASTROPHIC)
    (datagram,) = [d for frame in speech()[:2] for d in uplink.push(frame, 0.0)]
    assert decode_packet(datagram).header.codec is CodecId.CODEC2_1200
