"""Codec ids and quality profiles, as one table (media.md §5)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from wzp_core.protocol.signal.base import F32, U8


class CodecId(IntEnum):
    """Four bits of the media header."""

    OPUS_24K = 0
    OPUS_16K = 1
    OPUS_6K = 2
    CODEC2_3200 = 3
    CODEC2_1200 = 4
    COMFORT_NOISE = 5
    OPUS_32K = 6
    OPUS_48K = 7
    OPUS_64K = 8

    @property
    def wire_name(self) -> str:
        """The name in JSON."""
        return _NAMES[self]

    @property
    def is_opus(self) -> bool:
        return self.wire_name.startswith("Opus")


_NAMES: Final = {
    CodecId.OPUS_24K: "Opus24k",
    CodecId.OPUS_16K: "Opus16k",
    CodecId.OPUS_6K: "Opus6k",
    CodecId.CODEC2_3200: "Codec2_3200",
    CodecId.CODEC2_1200: "Codec2_1200",
    CodecId.COMFORT_NOISE: "ComfortNoise",
    CodecId.OPUS_32K: "Opus32k",
    CodecId.OPUS_48K: "Opus48k",
    CodecId.OPUS_64K: "Opus64k",
}


@dataclass(frozen=True, slots=True)
class QualityProfile:
    """What a sender does; `fec_ratio` is repair over source packets, nominal only for Opus."""

    codec: CodecId
    fec_ratio: F32
    frame_duration_ms: U8
    frames_per_block: U8


STUDIO_64K: Final = QualityProfile(CodecId.OPUS_64K, 0.1, 20, 5)
STUDIO_48K: Final = QualityProfile(CodecId.OPUS_48K, 0.1, 20, 5)
STUDIO_32K: Final = QualityProfile(CodecId.OPUS_32K, 0.1, 20, 5)
GOOD: Final = QualityProfile(CodecId.OPUS_24K, 0.2, 20, 5)
OPUS_16K: Final = QualityProfile(CodecId.OPUS_16K, 0.3, 20, 5)
DEGRADED: Final = QualityProfile(CodecId.OPUS_6K, 0.5, 40, 10)
CODEC2_3200: Final = QualityProfile(CodecId.CODEC2_3200, 0.5, 20, 5)
CATASTROPHIC: Final = QualityProfile(CodecId.CODEC2_1200, 1.0, 40, 8)

_PROFILES: Final = {
    profile.codec: profile
    for profile in (STUDIO_64K, STUDIO_48K, STUDIO_32K, GOOD, OPUS_16K, DEGRADED, CODEC2_3200, CATASTROPHIC)
}


def profile_of(codec: CodecId) -> QualityProfile | None:
    """What a receiver assumes of a packet's codec; None for comfort noise."""
    return _PROFILES.get(codec)
