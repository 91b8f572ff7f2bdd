"""A link that loses and delays, and speech carried over it: simulated time, no network, the same every time."""

import copy
from dataclasses import dataclass
from typing import Final

import numpy as np

from wzp_core.codec.libopus import opus_library
from wzp_core.codec.opus import OpusDecoder, OpusEncoder, OpusSettings, has_inband_fec
from wzp_core.dsp.frame import FRAME_MS, FRAME_SAMPLES, RATE_HZ, Samples, silence
from wzp_core.errors import RemoteViolation
from wzp_core.media.downlink import Downlink
from wzp_core.media.dred_tuner import DredTuner, Protection
from wzp_core.media.uplink import Uplink
from wzp_core.protocol.media.header import decode_packet, encode_packet
from wzp_core.protocol.profile import QualityProfile

FIXED_BUFFER_MS: Final = 60  # of the plain receiver

_SETTLED_UPDATES: Final = 30  # what the call before this taught the sender
_BASE_MS: Final = 20.0  # nothing arrives sooner
_WITHIN: Final = 3.0  # exponential delays: 95 % are below three times the mean
_PLAY_AFTER_MS: Final = 10.0  # the player's tick after the sender's


@dataclass(frozen=True, slots=True)
class Link:
    """Loss in percent, the mean length of its bursts in packets (1 = independent), and how much delays differ."""

    loss_pct: int = 0
    burst: int = 1
    jitter_ms: int = 0  # 95 % of the delays are within it; one queue, nobody overtakes

    @property
    def words(self) -> str:
        loss = f"{self.loss_pct} % loss" + (f" in bursts of {self.burst}" if self.burst > 1 else "")
        parts = [loss] * (self.loss_pct > 0) + [f"{self.jitter_ms} ms jitter"] * (self.jitter_ms > 0)
        return ", ".join(parts) or "clean"


@dataclass(frozen=True, slots=True)
class Carried:
    """What was heard, and what it took."""

    heard: Samples
    concealed_ms: float  # guessed, not rebuilt
    rebuilt_ms: float
    buffer_ms: float  # mean time that the receiver holds packets, above the fastest
    kbit_s: float  # payloads and headers


class _Fate:
    """Packet by packet; seeded, so that every receiver meets the same link."""

    def __init__(self, link: Link, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._link = link
        self._losing = False
        self._last_at_ms = 0.0

    def arrival_ms(self, sent_ms: float) -> float | None:
        """None for a lost packet; two draws each, so that loss and jitter do not shift each other."""
        chance, delay = float(self._random.random()), float(self._random.exponential())
        loss = self._link.loss_pct / 100.0
        if self._link.burst == 1:
            self._losing = chance < loss
        elif self._losing:
            self._losing = chance >= 1.0 / self._link.burst
        else:
            self._losing = chance < loss / (self._link.burst * (1.0 - loss))
        at_ms = max(self._last_at_ms, sent_ms + _BASE_MS + delay * self._link.jitter_ms / _WITHIN)
        self._last_at_ms = at_ms
        return None if self._losing else at_ms


def carry(
    speech: Samples, profile: QualityProfile, link: Link, *, dred: bool, seed: int, repeats: bool = False
) -> Carried:
    """Through Uplink and Downlink as in a call whose reports tell the sender the loss."""
    uplink = Uplink(stream_id=1, seal=lambda packet, _now: encode_packet(packet), profile=profile)
    tuner = DredTuner(profile.codec)
    tuner.use(profile.codec, repeats=repeats)
    for _ in range(_SETTLED_UPDATES):
        tuner.update(link.loss_pct, 2 * _BASE_MS, link.jitter_ms, link.burst)
    tuned = tuner.protection
    uplink.protect(tuned if tuned is not None and (dred or repeats) else Protection(0, link.loss_pct))
    downlink = Downlink(lambda datagram, _now: decode_packet(datagram))
    fate, flying, held = _Fate(link, seed), list[tuple[float, bytes]](), list[float]()
    heard = [silence(round(_PLAY_AFTER_MS) * RATE_HZ // 1000)]
    for tick, frame in enumerate(_frames(speech)):
        now_ms = float(tick * FRAME_MS)
        for datagram in uplink.push(frame, now_ms / 1000.0):
            at_ms = fate.arrival_ms(now_ms)
            if at_ms is not None:
                flying.append((at_ms, datagram))
        play_ms = now_ms + _PLAY_AFTER_MS
        while flying and flying[0][0] <= play_ms:
            at_ms, datagram = flying.pop(0)
            downlink.receive(datagram, at_ms / 1000.0)
        heard.append(downlink.pull(play_ms / 1000.0))
        held.append(downlink.stats().jitter_delay_ms)
    stats, sent = downlink.stats(), uplink.stats()
    uplink.close()
    downlink.close()
    rebuilt_ms = float(stats.dred_frames + stats.fec_frames) * profile.frame_duration_ms
    return Carried(
        np.concatenate(heard),
        max(0.0, stats.concealed_ms - rebuilt_ms),
        rebuilt_ms,
        float(np.mean(held)),
        _kbit_s(sent.bytes, speech),
    )


def carry_plainly(speech: Samples, profile: QualityProfile, link: Link, *, seed: int, fec: bool = True) -> Carried:
    """The yardstick: the same Opus rate with in-band redundancy, and every packet played 60 ms after the fastest."""
    library = copy.copy(opus_library())
    library.has_dred = False
    count = profile.frame_duration_ms * RATE_HZ // 1000
    settings = OpusSettings(bitrate=_bitrate(profile), frame_samples=count, dred_10ms=0)
    encoder, decoder = OpusEncoder(settings, library=library), OpusDecoder(library)
    encoder.protect(dred_10ms=0, expected_loss_pct=link.loss_pct if fec else 0)
    payloads = [encoder.encode(frame) for frame in speech[: speech.size // count * count].reshape(-1, count)]
    fate, due_ms = _Fate(link, seed), _BASE_MS + FIXED_BUFFER_MS
    arrivals = [fate.arrival_ms(float(number * profile.frame_duration_ms)) for number in range(len(payloads))]
    heard, concealed, rebuilt = [silence(round(due_ms) * RATE_HZ // 1000)], 0, 0
    for number, payload in enumerate(payloads):
        deadline_ms = number * profile.frame_duration_ms + due_ms
        if _is_here(arrivals, number, deadline_ms):
            heard.append(decoder.decode(payload))
        elif _is_here(arrivals, number + 1, deadline_ms) and has_inband_fec(payloads[number + 1]):
            heard.append(_rebuilt(decoder, payloads[number + 1], count))
            rebuilt += 1
        else:
            heard.append(decoder.conceal(count))
            concealed += 1
    encoder.close()
    decoder.close()
    frame_ms = float(profile.frame_duration_ms)
    kbit_s = _kbit_s(sum(len(payload) + 12 for payload in payloads), speech)
    return Carried(np.concatenate(heard), concealed * frame_ms, rebuilt * frame_ms, float(FIXED_BUFFER_MS), kbit_s)


def _is_here(arrivals: list[float | None], number: int, deadline_ms: float) -> bool:
    at_ms = arrivals[number] if number < len(arrivals) else None
    return at_ms is not None and at_ms <= deadline_ms


def _rebuilt(decoder: OpusDecoder, payload: bytes, count: int) -> Samples:
    try:
        return decoder.decode_fec(payload, count)
    except RemoteViolation:
        return decoder.conceal(count)


def _bitrate(profile: QualityProfile) -> int:
    """Of an Opus profile, in bit/s; its name says it."""
    return int(profile.codec.wire_name.removeprefix("Opus").removesuffix("k")) * 1000


def _frames(speech: Samples) -> list[Samples]:
    count = speech.size // FRAME_SAMPLES
    return list(speech[: count * FRAME_SAMPLES].reshape(count, FRAME_SAMPLES))


def _kbit_s(count: int, speech: Samples) -> float:
    return count * 8.0 * RATE_HZ / speech.size / 1000.0
