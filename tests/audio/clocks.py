"""Sound between devices whose clocks differ, for as long as one likes."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from tests.audio.scenes import Wave, echo, narrator, power
from wzp_core.dsp.capture import CaptureChain, CaptureSettings
from wzp_core.dsp.denoise import NoiseSuppression
from wzp_core.dsp.frame import FRAME_SAMPLES, RATE_HZ, Samples, to_samples
from wzp_core.media.clock import PlayoutClock
from wzp_core.media.downlink import Downlink
from wzp_core.media.jitter import JitterBuffer
from wzp_core.media.uplink import Uplink
from wzp_core.protocol.media.header import MediaPacket, decode_packet, encode_packet

_BLOCK = RATE_HZ // 100
_QUEUE = 3 * _BLOCK  # what waits for the speaker, as in `io.sound_side`
_SETTLED_S = 10
_PATH_S = 0.0237  # no multiple of a frame


@dataclass
class Heard:
    """After the first ten seconds."""

    guessed_ms: float = 0.0
    late: int = 0
    discarded: int = 0
    stretches: int = 0
    stretched_ms: float = 0.0
    delays_ms: list[float] = field(default_factory=list)  # every second


def talk(seconds: float, *, ppm: float, jitter_ms: float = 0.0) -> Heard:
    """Read-aloud speech to a listener whose speaker is faster by `ppm` than the microphone it comes from."""
    heard, packets, clock = Heard(), _arriving(jitter_ms), PlayoutClock()
    downlink: Downlink = Downlink(lambda datagram, _now: decode_packet(datagram))
    coming, waiting, settled = next(packets), _QUEUE, downlink.stats()
    with _counting_stretches(heard):
        for block in range(round(seconds * RATE_HZ / _BLOCK)):
            now = block * _BLOCK / RATE_HZ / (1 + ppm * 1e-6)
            while coming[0] <= now:
                downlink.receive(*reversed(coming))
                coming = next(packets)
            waiting -= _BLOCK
            while _QUEUE - waiting >= FRAME_SAMPLES:
                downlink.pull(clock.next_frame(now))
                waiting += FRAME_SAMPLES
            if block == _SETTLED_S * 100:
                settled, heard.stretches, heard.stretched_ms = downlink.stats(), 0, 0.0
            if block % 100 == 0 and block > _SETTLED_S * 100:
                heard.delays_ms.append(downlink.stats().jitter_delay_ms)
    got = downlink.stats()
    downlink.close()
    heard.guessed_ms = got.concealed_ms - settled.concealed_ms
    heard.late, heard.discarded = got.late - settled.late, got.discarded - settled.discarded
    return heard


class _counting_stretches:  # noqa: N801
    """Every stretch that a jitter buffer is told of."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard

    def __enter__(self) -> None:
        self._told = JitterBuffer.stretched

        def told(buffer: JitterBuffer[object], by_ms: float) -> None:
            self._heard.stretches += 1
            self._heard.stretched_ms += by_ms
            self._told(buffer, by_ms)

        JitterBuffer.stretched = told  # type: ignore[method-assign]

    def __exit__(self, *_: object) -> None:
        JitterBuffer.stretched = self._told  # type: ignore[method-assign]


@lru_cache(maxsize=1)
def _packets() -> list[MediaPacket]:
    uplink = Uplink(stream_id=1, seal=lambda packet, _now: encode_packet(packet))
    speech = to_samples(np.concatenate(narrator()))
    frames = speech[: speech.size // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    packets = [decode_packet(datagram) for frame in frames for datagram in uplink.push(frame, 0.0)]
    uplink.close()
    return packets


def _arriving(jitter_ms: float) -> Iterator[tuple[float, bytes]]:
    """Time and datagram; one queue, nobody overtakes."""
    chance, number, last = random.Random(1), 0, 0.0
    while True:
        for packet in _packets():
            last = max(last, number * 0.02 + _PATH_S + chance.random() * jitter_ms / 1000)
            header = replace(packet.header, sequence=number & 0xFFFF, timestamp_ms=number * 20 & 0xFFFF_FFFF)
            yield last, encode_packet(replace(packet, header=header))
            number += 1


def echo_left(until_s: Iterable[float], *, ppm: float) -> Iterator[float]:
    """ERLE in dB up to each of these times, from the one before, for a speaker faster by `ppm` than the microphone.

    The microphone is 100 ms away.
    """
    chain = CaptureChain(CaptureSettings(noise_suppression=NoiseSuppression.OFF, automatic_gain=False))
    played = to_samples(np.concatenate(narrator()))
    sound = echo(np.tile(played, 2), delay_ms=100, ppm=0)[played.size :]  # goes round without a joint
    around, tick, given = np.append(sound, sound[0]).astype(float), 0, 0
    for end_s in until_s:
        before = after = 0.0
        while tick < end_s * RATE_HZ / FRAME_SAMPLES:
            at = (np.arange(tick * FRAME_SAMPLES, (tick + 1) * FRAME_SAMPLES) * (1 + ppm * 1e-6)) % played.size
            tick += 1
            due = int(tick * FRAME_SAMPLES * (1 + ppm * 1e-6))
            frame = to_samples(_between(around, at))
            cleaned = chain.process(frame, _round(played, given, due))
            before, after, given = before + power(frame), after + power(cleaned), due
        yield 10 * float(np.log10(before / after))


def _between(values: Wave, places: Wave) -> Wave:
    left = places.astype(np.int64)
    share = places - left
    return values[left] * (1 - share) + values[left + 1] * share


def _round(played: Samples, begin: int, end: int) -> Samples:
    return played[np.arange(begin, end) % played.size]
