"""A link that loses and delays, and speech carried over it: simulated time, no network, the same every time."""

import copy
from collections import deque
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from wzp_core.cli.bench_score import LONGEST_DELAY_MS
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
_SILENCE_AFTER: Final = silence(RATE_HZ * LONGEST_DELAY_MS // 1000)  # so that the end is heard too, however late


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


@dataclass(frozen=True, slots=True)
class Sent:
    """What a sender made of some speech, frame of 20 ms by frame: the same for every link it protects against alike."""

    datagrams: tuple[tuple[bytes, ...], ...]
    profile: QualityProfile
    kbit_s: float


def protection_for(profile: QualityProfile, link: Link, *, dred: bool = False, repeats: bool = False) -> Protection:
    """What a sender has settled on that was told of this link by reports."""
    if not (dred or repeats):
        return Protection(0, link.loss_pct)
    tuner = DredTuner(profile.codec)
    tuner.use(profile.codec, repeats=repeats)
    for _ in range(_SETTLED_UPDATES):
        tuner.update(link.loss_pct, 2 * _BASE_MS, link.jitter_ms, link.burst)
    return tuner.protection or Protection(0, link.loss_pct)


def sent(
    speech: Samples,
    profile: QualityProfile,
    protection: Protection,
    *,
    lifeboat: bool = False,
    protected: bool = True,
) -> Sent:
    """Through Uplink; `protected` False: without the repairs of Codec2."""
    if not protected:
        profile, protection = replace(profile, fec_ratio=0.0), Protection(0, 0)
    uplink = Uplink(stream_id=1, seal=lambda packet, _now: encode_packet(packet), profile=profile)
    uplink.use(profile, lifeboat=lifeboat)
    uplink.short_repairs = True
    uplink.protect(protection)
    spoken = [uplink.push(frame, now) for now, frame in _frames(speech)]
    kbit_s = _kbit_s(uplink.stats().bytes, speech)
    after = [uplink.push(frame, len(spoken) * FRAME_MS / 1000.0 + now) for now, frame in _frames(_SILENCE_AFTER)]
    uplink.close()
    return Sent(tuple(map(tuple, spoken + after)), profile, kbit_s)


def carry(what: Sent, link: Link, *, seed: int) -> Carried:
    """Over the link and through Downlink, as in a call."""
    downlink = Downlink(lambda datagram, _now: decode_packet(datagram))
    fate, flying, held = _Fate(link, seed), deque[tuple[float, bytes]](), list[float]()
    heard = [silence(round(_PLAY_AFTER_MS) * RATE_HZ // 1000)]
    for tick, datagrams in enumerate(what.datagrams):
        now_ms = float(tick * FRAME_MS)
        for datagram in datagrams:
            at_ms = fate.arrival_ms(now_ms)
            if at_ms is not None:
                flying.append((at_ms, datagram))
        play_ms = now_ms + _PLAY_AFTER_MS
        while flying and flying[0][0] <= play_ms:
            at_ms, datagram = flying.popleft()
            downlink.receive(datagram, at_ms / 1000.0)
        heard.append(downlink.pull(play_ms / 1000.0))
        held.append(downlink.stats().jitter_delay_ms)
    stats = downlink.stats()
    downlink.close()
    rebuilt_ms = float(stats.dred_frames + stats.fec_frames) * what.profile.frame_duration_ms
    return Carried(
        np.concatenate(heard),
        max(0.0, stats.concealed_ms - rebuilt_ms),
        rebuilt_ms,
        float(np.mean(held)),
        what.kbit_s,
    )


@dataclass(frozen=True, slots=True)
class PlainlySent:
    """The yardstick's packets, and what they take with RTP's header."""

    payloads: tuple[bytes, ...]
    frame_ms: int
    kbit_s: float


def sent_plainly(speech: Samples, profile: QualityProfile, *, expected_loss_pct: int) -> PlainlySent:
    """The same Opus rate with in-band redundancy for that loss, none for 0."""
    library = copy.copy(opus_library())
    library.has_dred = False
    count = profile.frame_duration_ms * RATE_HZ // 1000
    encoder = OpusEncoder(OpusSettings(bitrate=_bitrate(profile), frame_samples=count, dred_10ms=0), library=library)
    encoder.protect(dred_10ms=0, expected_loss_pct=expected_loss_pct)
    spoken = [encoder.encode(frame) for frame in speech[: speech.size // count * count].reshape(-1, count)]
    after = [encoder.encode(frame) for frame in _SILENCE_AFTER.reshape(-1, count)]
    encoder.close()
    kbit_s = _kbit_s(sum(len(payload) + 12 for payload in spoken), speech)
    return PlainlySent((*spoken, *after), profile.frame_duration_ms, kbit_s)


def carry_plainly(what: PlainlySent, link: Link, *, seed: int) -> Carried:
    """Every packet is played 60 ms after the fastest, or not at all."""
    library = copy.copy(opus_library())
    library.has_dred = False
    decoder, payloads, count = OpusDecoder(library), what.payloads, what.frame_ms * RATE_HZ // 1000
    fate, due_ms = _Fate(link, seed), _BASE_MS + FIXED_BUFFER_MS
    arrivals = [fate.arrival_ms(float(number * what.frame_ms)) for number in range(len(payloads))]
    heard, concealed, rebuilt = [silence(round(due_ms) * RATE_HZ // 1000)], 0, 0
    for number, payload in enumerate(payloads):
        deadline_ms = number * what.frame_ms + due_ms
        if _is_here(arrivals, number, deadline_ms):
            heard.append(decoder.decode(payload))
        elif _is_here(arrivals, number + 1, deadline_ms) and has_inband_fec(payloads[number + 1]):
            heard.append(_rebuilt(decoder, payloads[number + 1], count))
            rebuilt += 1
        else:
            heard.append(decoder.conceal(count))
            concealed += 1
    decoder.close()
    frame_ms = float(what.frame_ms)
    buffer_ms = float(FIXED_BUFFER_MS)
    return Carried(np.concatenate(heard), concealed * frame_ms, rebuilt * frame_ms, buffer_ms, what.kbit_s)


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


def _frames(speech: Samples) -> list[tuple[float, Samples]]:
    """Each with the time in s at which it is there."""
    count = speech.size // FRAME_SAMPLES
    frames = speech[: count * FRAME_SAMPLES].reshape(count, FRAME_SAMPLES)
    return [(tick * FRAME_MS / 1000.0, frame) for tick, frame in enumerate(frames)]


def _kbit_s(count: int, speech: Samples) -> float:
    return count * 8.0 * RATE_HZ / speech.size / 1000.0
