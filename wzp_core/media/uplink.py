"""Microphone frames → sealed datagrams (media.md §1.2, calls.md §11)."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from wzp_core.codec.fec import BlockEncoder, is_protected, repair_ratio
from wzp_core.codec.opus import MOST_PAYLOAD_BYTES
from wzp_core.codec.repeat import bare, room, with_repeats
from wzp_core.codec.table import new_encoder, switch_encoder
from wzp_core.dsp.frame import RATE_HZ, Samples, silence
from wzp_core.dsp.meter import meter, speech_level
from wzp_core.errors import ErrorCode, LocalMisuse
from wzp_core.media.dred_tuner import FARTHEST, Protection
from wzp_core.media.dtx import Gate, SilenceGate, noise_level
from wzp_core.media.lifeboat import SILENCE_INTERVAL_MS, SYMBOL, Bundle, LifeboatPacker
from wzp_core.media.stats import SendStats
from wzp_core.protocol.media.header import MediaHeader, MediaPacket, ratio_code
from wzp_core.protocol.media.report import QualityReport
from wzp_core.protocol.media.sequence import following
from wzp_core.protocol.profile import GOOD, CodecId, QualityProfile

Seal = Callable[[MediaPacket, float], bytes]
"""Packet and time in s → datagram."""

_LONGEST_PUSH: Final = RATE_HZ  # samples
_LEAD_IN_SAMPLES: Final = 2 * RATE_HZ // 25  # two of the longest frames


class Uplink:
    """One sender's stream; `muted` keeps it flowing with silence, `dtx` leaves silence out."""

    def __init__(self, *, stream_id: int, seal: Seal, profile: QualityProfile = GOOD, first_sequence: int = 0) -> None:
        """Raises Unavailable(NO_CODEC) where the profile's codec cannot be encoded."""
        self.muted = False
        self.dtx = False
        self.stream_id = stream_id  # ours in the room; a new join may bring another
        self.fec_boost = 0.0  # added to the profile's ratio, after a change of network (calls.md §8)
        self.short_repairs = False  # for a peer that announced the word
        self._seal = seal
        self._profile = profile
        self._encoder = new_encoder(profile)
        self._blocks = BlockEncoder()
        self._expected_loss_pct = 0
        self._repeats: tuple[int, ...] = ()
        self._sent: deque[bytes] = deque(maxlen=FARTHEST)  # bare Opus packets, one a number, the latest first
        self._packer: LifeboatPacker | None = None
        self._bundle_place = self._header(timestamp_ms=0, level=0)  # of the bundle in progress
        self._unsent: Bundle | None = None  # of a lifeboat that was left
        self._unheard_ms = 0  # since the last packet of a lifeboat
        self._gate = SilenceGate()
        self._sequence = first_sequence
        self._timestamp_ms = 0
        self._collected = silence(0)
        self._recent = silence(0)  # what was encoded last
        self._voice = False  # in what is collected
        self._report: QualityReport | None = None
        self._level = 0.0
        self._frames = self._packets = self._bytes = self._reports = self._repairs = self._noises = 0

    @property
    def profile(self) -> QualityProfile:
        return self._profile

    @property
    def lifeboat(self) -> bool:
        return self._packer is not None

    @property
    def level(self) -> float:
        """Loudness of the latest frame, 0…1, whether muted or not."""
        return self._level

    def use(self, profile: QualityProfile, *, lifeboat: bool = False) -> None:
        """Sends with another profile from the next frame on; raises Unavailable(NO_CODEC) and stays as it is.

        `lifeboat` bundles the frames of a Codec2 profile (`lifeboat`), for a peer that announced it.
        """
        if lifeboat and not is_protected(profile.codec):
            raise LocalMisuse(ErrorCode.BAD_VALUE, what="lifeboat", codec=profile.codec.wire_name)
        encoder = switch_encoder(self._encoder, profile)
        if encoder is not self._encoder:
            self._encoder.close()
            self._encoder = encoder
        if encoder.fresh:
            self._lead_in()
        if profile != self._profile or lifeboat != self.lifeboat:
            self._blocks.finish()
            self._sent.clear()
            self._unsent = self._packer.flush() if self._packer is not None else None
            self._packer = LifeboatPacker(profile.codec) if lifeboat else None
        self._profile = profile

    def protect(self, protection: Protection) -> None:
        """What to do against loss, as far as the codec has it (media.md §10)."""
        self._expected_loss_pct = protection.expected_loss_pct
        self._repeats = protection.repeats
        self._encoder.protect(
            dred_10ms=protection.dred_10ms,
            expected_loss_pct=protection.expected_loss_pct,
            extra_bitrate=protection.extra_bitrate,
            most_bytes=room(MOST_PAYLOAD_BYTES, len(protection.repeats)),
        )

    def attach(self, report: QualityReport) -> None:
        """The next packet of audio carries it; a report still waiting is replaced."""
        self._report = report

    def push(self, frame: Samples, now: float, voice: bool = True) -> list[bytes]:
        """The datagrams that are complete with this frame: none while a longer frame is collected.

        `voice` says whether somebody speaks in it: with `dtx`, and in the lifeboat, only then it is sent.
        """
        if frame.size > _LONGEST_PUSH:
            raise LocalMisuse(ErrorCode.TOO_LARGE, what="frame", samples=frame.size)
        self._level = meter(frame)
        self._collected = np.concatenate((self._collected, silence(frame.size) if self.muted else frame))
        voice = voice and not self.muted
        self._voice = self._voice or voice
        sent = self._left_over(now)
        while self._collected.size >= (size := self._encoder.frame_samples):
            samples, self._collected = self._collected[:size], self._collected[size:]
            sent += self._frame(samples, now)
            self._voice = voice and self._collected.size > 0
        return sent

    def stats(self) -> SendStats:
        return SendStats(
            frames=self._frames,
            packets=self._packets,
            bytes=self._bytes,
            reports=self._reports,
            repairs=self._repairs,
            noises=self._noises,
            codec=self._profile.codec.wire_name,
        )

    def close(self) -> None:
        """Frees the encoder; nothing may be pushed afterwards."""
        self._encoder.close()

    def _frame(self, samples: Samples, now: float) -> list[bytes]:
        duration_ms = samples.size * 1000 // RATE_HZ
        began_ms, self._timestamp_ms = self._timestamp_ms, (self._timestamp_ms + duration_ms) & 0xFFFF_FFFF
        self._recent = np.concatenate((self._recent, samples))[-_LEAD_IN_SAMPLES:]
        if self._packer is not None:
            gate = self._gate.step(voice=self._voice, duration_ms=duration_ms)
            return self._bundled(self._packer, samples, began_ms, now, silent=gate is not Gate.SEND)
        match self._gate.step(voice=self._voice or not self.dtx, duration_ms=duration_ms):
            case Gate.SEND:
                return self._voiced(samples, began_ms, now)
            case Gate.NOISE:
                self._sent.clear()
                self._blocks.finish()  # the frames of one block have to follow each other
                return [self._comfort_noise(noise_level(samples), now)]
            case Gate.NOTHING:
                self._sent.clear()
                return []

    def _voiced(self, samples: Samples, began_ms: int, now: float) -> list[bytes]:
        payload = self._encoder.encode(samples)
        self._frames += 1
        header = self._header(timestamp_ms=began_ms, level=speech_level(samples))
        if not is_protected(self._profile.codec):
            return [self._source(header, self._repeating(payload), now)]
        self._blocks.begin(repair_ratio(self._profile, loss_pct=self._expected_loss_pct, boost=self.fec_boost))
        place = replace(header, fec_block=self._blocks.block, fec_ratio=ratio_code(self._blocks.ratio))
        source = self._source(replace(place, fec_symbol=self._blocks.symbol), payload, now)
        return [source, *self._repairs_after(payload, place, now)]

    def _repeating(self, payload: bytes) -> bytes:
        """`payload` and, inside it, the frames whose time to come again it is."""
        earlier = [(ago, self._sent[ago - 1]) for ago in self._repeats if ago <= len(self._sent)]
        self._sent.appendleft(bare(payload))
        return with_repeats(payload, earlier, MOST_PAYLOAD_BYTES)

    def _repairs_after(self, payload: bytes, place: MediaHeader, now: float) -> list[bytes]:
        """What protects the block that `payload` completes."""
        count = self._profile.frames_per_block
        place = replace(place, repair=True, timestamp_ms=self._timestamp_ms, level=0)
        symbols = self._blocks.add(payload, count, short=self.short_repairs)
        repairs = [
            self._sealed(replace(place, fec_symbol=count + number), symbol, now)
            for number, symbol in enumerate(symbols)
        ]
        self._repairs += len(repairs)
        if self._blocks.symbol == count:
            self._blocks.finish()
        return repairs

    def _comfort_noise(self, level: int, now: float) -> bytes:
        self._noises += 1
        header = replace(
            self._header(timestamp_ms=self._timestamp_ms, level=0),
            codec=CodecId.COMFORT_NOISE,
            fec_block=self._blocks.block,
        )
        return self._sealed(header, bytes((level,)), now)

    def _bundled(
        self, packer: LifeboatPacker, samples: Samples, began_ms: int, now: float, *, silent: bool
    ) -> list[bytes]:
        payload = self._encoder.encode(samples)  # silence too, so that the encoder follows the sound
        self._frames += 1
        level = 0 if silent else speech_level(samples)
        if packer.filled == 0:
            self._bundle_place = self._header(timestamp_ms=began_ms, level=level)
        self._bundle_place = replace(self._bundle_place, level=max(level, self._bundle_place.level))
        bundle = packer.add(None if silent else payload, noise_level(samples))
        return [] if bundle is None else self._sent_bundle(bundle, now)

    def _sent_bundle(self, bundle: Bundle, now: float) -> list[bytes]:
        if bundle.frames:
            self._unheard_ms = SILENCE_INTERVAL_MS  # the first silent bundle is told at once
            header = replace(self._bundle_place, repair=True, fec_symbol=SYMBOL)
            datagram = self._source(header, bundle.encode(), now)
            self._sequence = (self._sequence + bundle.span - 1) & 0xFFFF  # one number for each slot
            return [datagram]
        self._unheard_ms += bundle.span * self._profile.frame_duration_ms
        if self._unheard_ms < SILENCE_INTERVAL_MS:
            return []
        self._unheard_ms = 0
        return [self._comfort_noise(bundle.noise, now)]

    def _left_over(self, now: float) -> list[bytes]:
        """What the lifeboat had not sent yet when the stream left it."""
        bundle, self._unsent = self._unsent, None
        return [] if bundle is None or not bundle.frames else self._sent_bundle(bundle, now)

    def _lead_in(self) -> None:
        """Lets an encoder hear what was said last, so that its first frame is no beginning."""
        size = self._encoder.frame_samples
        recent = self._recent[self._recent.size % size :]
        for start in range(0, recent.size, size):
            self._encoder.encode(recent[start : start + size])

    def _header(self, *, timestamp_ms: int, level: int) -> MediaHeader:
        """Numbered when it is sealed."""
        return MediaHeader(codec=self._profile.codec, sequence=0, timestamp_ms=timestamp_ms, level=level)

    def _source(self, header: MediaHeader, payload: bytes, now: float) -> bytes:
        report, self._report = self._report, None
        self._reports += report is not None
        return self._sealed(replace(header, has_report=report is not None), payload, now, report)

    def _sealed(self, header: MediaHeader, payload: bytes, now: float, report: QualityReport | None = None) -> bytes:
        header = replace(header, sequence=self._sequence, stream_id=self.stream_id)
        self._sequence = following(self._sequence)
        datagram = self._seal(MediaPacket(header, payload, report), now)
        self._packets += 1
        self._bytes += len(datagram)
        return datagram
