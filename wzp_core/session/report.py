"""What one conversation came to, in numbers."""

from dataclasses import dataclass

from wzp_core.crypto.badge import Badge
from wzp_core.media.stats import ReceiveStats
from wzp_core.ports import SoundStats


@dataclass(frozen=True, slots=True, kw_only=True)
class MouthToEar:
    """Where the delay comes from, ms; both devices as if alike, the network as half a round trip."""

    capture: float
    frame: float
    network: float
    jitter_buffer: float
    playback: float

    @property
    def total(self) -> float:
        return self.capture + self.frame + self.network + self.jitter_buffer + self.playback


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReport:
    """Totals since the call began; filled while it runs, final when it has ended."""

    call_id: str = ""
    badge: Badge = Badge.RELAY_ONLY
    setup_ms: float | None = None  # start of dialling, or the offer, to the first packet opened
    tx_packets: int = 0
    received: ReceiveStats = ReceiveStats()
    mouth_to_ear: MouthToEar | None = None  # estimated; None while there is no link
    reconnects: int = 0
    sound: SoundStats = SoundStats()
    path: str = "relay"  # in the end
    time_to_direct_ms: float | None = None  # from the set-up of the call to the first move
    probes_sent: int = 0
    quality_tx: str = ""
    quality_rx: str = ""
