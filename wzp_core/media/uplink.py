"""Microphone frames → sealed datagrams (media.md §1.2, calls.md §11)."""

from collections.abc import Callable
from typing import Final

import numpy as np

from wzp_core.codec.table import new_encoder, switch_encoder
from wzp_core.dsp.frame import RATE_HZ, Samples, silence
from wzp_core.dsp.meter import meter, speech_level
from wzp_core.errors import ErrorCode, LocalMisuse
from wzp_core.media.stats import SendStats
from wzp_core.protocol.media.header import MediaHeader, MediaPacket
from wzp_core.protocol.media.report import QualityReport
from wzp_core.protocol.media.sequence import following
from wzp_core.protocol.profile import GOOD, QualityProfile

Seal = Callable[[MediaPacket, float], bytes]
"""Packet and time in s → datagram."""

_LONGEST_PUSH: Final = RATE_HZ  # samples


class Uplink:
    """One sender's stream; `muted` keeps it flowing with silence."""

    def __init__(self, *, stream_id: int, seal: Seal, profile: QualityProfile = GOOD, first_sequence: int = 0) -> None:
        """Raises Unavailable(NO_CODEC) where the profile's codec cannot be encoded."""
        self.muted = False
        self.stream_id = stream_id  # ours in the room; a new join may bring another
        self._seal = seal
        self._profile = profile
        self._encoder = new_encoder(profile)
        self._sequence = first_sequence
        self._timestamp_ms = 0
        self._collected = silence(0)
        self._report: QualityReport | None = None
        self._level = 0.0
        self._frames = self._packets = self._bytes = self._reports = 0

    @property
    def profile(self) -> QualityProfile:
        return self._profile

    @property
    def level(self) -> float:
        """Loudness of the latest frame, 0…1, whether muted or not."""
        return self._level

    def use(self, profile: QualityProfile) -> None:
        """Sends with another profile from the next frame on; raises Unavailable(NO_CODEC) and stays as it is."""
        switch_encoder(self._encoder, profile)
        self._profile = profile

    def protect(self, *, dred_10ms: int, expected_loss_pct: int) -> None:
        """The redundancy tuner's result (media.md §10)."""
        self._encoder.protect(dred_10ms=dred_10ms, expected_loss_pct=expected_loss_pct)

    def attach(self, report: QualityReport) -> None:
        """The next packet carries it; a report still waiting is replaced."""
        self._report = report

    def push(self, frame: Samples, now: float) -> list[bytes]:
        """The datagrams that are complete with this frame: none while a longer frame is collected."""
        if frame.size > _LONGEST_PUSH:
            raise LocalMisuse(ErrorCode.TOO_LARGE, what="frame", samples=frame.size)
        self._level = meter(frame)
        self._collected = np.concatenate((self._collected, silence(frame.size) if self.muted else frame))
        sent = []
        while self._collected.size >= (size := self._encoder.frame_samples):
            sent.append(self._packet(self._collected[:size], now))
            self._collected = self._collected[size:]
        return sent

    def stats(self) -> SendStats:
        return SendStats(
            frames=self._frames,
            packets=self._packets,
            bytes=self._bytes,
            reports=self._reports,
            codec=self._profile.codec.wire_name,
        )

    def close(self) -> None:
        """Frees the encoder; nothing may be pushed afterwards."""
        self._encoder.close()

    def _packet(self, samples: Samples, now: float) -> bytes:
        payload = self._encoder.encode(samples)
        self._frames += 1
        report, self._report = self._report, None
        header = MediaHeader(
            codec=self._profile.codec,
            sequence=self._sequence,
            timestamp_ms=self._timestamp_ms,
            has_report=report is not None,
            level=speech_level(samples),
            stream_id=self.stream_id,
        )
        self._sequence = following(self._sequence)
        self._timestamp_ms = (self._timestamp_ms + samples.size * 1000 // RATE_HZ) & 0xFFFF_FFFF
        datagram = self._seal(MediaPacket(header, payload, report), now)
        self._packets += 1
        self._bytes += len(datagram)
        self._reports += report is not None
        return datagram
