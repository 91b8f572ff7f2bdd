"""What to send: the user's wish, within what the peer can play."""

from dataclasses import dataclass
from typing import Final

from wzp_core.codec.capability import Capability
from wzp_core.protocol.profile import (
    CATASTROPHIC,
    CODEC2_3200,
    DEGRADED,
    GOOD,
    STUDIO_32K,
    STUDIO_48K,
    STUDIO_64K,
    QualityProfile,
)
from wzp_core.quality.tier import Tier

_WISHES: Final = {
    "studio-64k": STUDIO_64K,
    "studio-48k": STUDIO_48K,
    "studio-32k": STUDIO_32K,
    "good": GOOD,
    "degraded": DEGRADED,
    "codec2-3200": CODEC2_3200,
    "codec2-1200": CATASTROPHIC,
    "lifeboat": CATASTROPHIC,
}

_BUNDLED_WHERE_NARROW: Final = ("auto", "codec2-3200", "codec2-1200")  # alone, a frame's headers outweigh it


@dataclass(frozen=True, slots=True)
class Sending:
    """How the uplink is set; `dtx` leaves silence out where every byte counts."""

    profile: QualityProfile
    lifeboat: bool = False
    dtx: bool = False
    short_repairs: bool = False


def sending(wish: str, tier: Tier, peer: Capability, own: Capability) -> Sending:
    """`wish` is one of the setting's choices, `tier` what the path carries, which counts where the wish is "auto".

    What one side cannot do becomes the next best that both can.
    """
    profile = tier.profile if wish == "auto" else _WISHES[wish]
    bundles = wish == "lifeboat" or (wish in _BUNDLED_WHERE_NARROW and tier is Tier.LIFEBOAT)
    if wish == "auto" and bundles and not peer.lifeboat:
        profile = DEGRADED
    if profile.codec not in peer.codecs or profile.codec not in own.codecs:
        profile = DEGRADED if profile in (CODEC2_3200, CATASTROPHIC) else GOOD
    narrow = profile in (CODEC2_3200, CATASTROPHIC)
    return Sending(
        profile,
        lifeboat=bundles and narrow and peer.lifeboat,
        dtx=narrow,
        short_repairs=narrow and peer.short_repair,
    )
