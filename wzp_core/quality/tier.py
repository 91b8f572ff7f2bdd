"""How much a path can carry, as the steps of what is sent automatically."""

from enum import IntEnum

from wzp_core.protocol.profile import (
    CATASTROPHIC,
    DEGRADED,
    GOOD,
    STUDIO_32K,
    STUDIO_48K,
    STUDIO_64K,
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
