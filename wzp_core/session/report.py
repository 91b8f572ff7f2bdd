"""What one conversation came to, in numbers."""

from dataclasses import dataclass

from wzp_core.crypto.badge import Badge
from wzp_core.media.stats import ReceiveStats


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReport:
    """Totals since the call began; filled while it runs, final when it has ended."""

    call_id: str = ""
    badge: Badge = Badge.RELAY_ONLY
    setup_ms: float | None = None  # start of dialling, or the offer, to the first packet opened
    tx_packets: int = 0
    received: ReceiveStats = ReceiveStats()
    mouth_to_ear_ms: float | None = None  # an estimate: both devices, half a round trip, jitter buffer, one frame
    reconnects: int = 0
    quality_tx: str = ""
    quality_rx: str = ""
