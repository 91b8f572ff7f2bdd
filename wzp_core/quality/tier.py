"""How much a path can carry, as the steps of what is sent automatically."""

from enum import IntEnum
from typing import Final

from wzp_core.protocol.profile import (
    CATASTROPHIC,
    DEGRADED,
    GOOD,
    STUDIO_32K,
    STUDIO_48K,
    STUDIO_64K,
    CodecId,
    QualityProfile,
)


class Tier(IntEnum):
    """Ordered. Codec2 outside the lifeboat is no step: with its repairs and headers it takes more than Opus at 6k."""

    LIFEBOAT = 0
    DEGRADED = 1
    GOOD = 2
    STUDIO_32K = 3
    STUDIO_48K = 4
    STUDIO_64K = 5

    @property
    def profile(self) -> QualityProfile:
        return (CATASTROPHIC, DEGRADED, GOOD, STUDIO_32K, STUDIO_48K, STUDIO_64K)[self]

    @property
    def label(self) -> str:
        """As the setting's choices are written."""
        return self.name.lower().replace("_", "-")

    @property
    def kbit_s(self) -> float:
        """About what it takes, with the headers of IP, UDP and QUIC."""
        return (6, 24, 60, 68, 84, 100)[self]

    @classmethod
    def within(cls, ceiling: QualityProfile) -> "Tier":
        """The best that sends no more than `ceiling` does."""
        return _CEILINGS[ceiling.codec]


_CEILINGS: Final = {
    CodecId.OPUS_64K: Tier.STUDIO_64K,
    CodecId.OPUS_48K: Tier.STUDIO_48K,
    CodecId.OPUS_32K: Tier.STUDIO_32K,
    CodecId.OPUS_24K: Tier.GOOD,
    CodecId.OPUS_16K: Tier.DEGRADED,
    CodecId.OPUS_6K: Tier.DEGRADED,
    CodecId.CODEC2_3200: Tier.LIFEBOAT,
    CodecId.CODEC2_1200: Tier.LIFEBOAT,
    CodecId.COMFORT_NOISE: Tier.LIFEBOAT,
}
