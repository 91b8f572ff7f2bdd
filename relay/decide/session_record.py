"""How a participant fares, by what its packets and signals tell."""

from dataclasses import dataclass

from wzp_core.protocol.media.report import QualityReport
from wzp_core.protocol.signal.base import U64
from wzp_core.protocol.signal.quality import LossRecoveryUpdate


@dataclass(slots=True)
class SessionRecord:
    """One participant's session. What its client claims is shown as told, and dies with the session."""

    session_id: str
    report: bytes = b""  # the latest, as coded: decoded only when somebody asks
    tells_recovery: bool = False
    dred: U64 = 0
    plc: U64 = 0
    depth: U64 | None = None  # these three only newer clients tell
    underruns: U64 | None = None
    overruns: U64 | None = None

    @property
    def quality(self) -> QualityReport | None:
        return QualityReport.decode(self.report) if self.report else None

    def recovered(self, update: LossRecoveryUpdate) -> None:
        """Totals only rise: what a restarted or confused client tells beneath them changes nothing."""
        self.tells_recovery = True
        self.dred = max(self.dred, update.dred_reconstructions)
        self.plc = max(self.plc, update.classical_plc_invocations)
        self.depth = update.jitter_buffer_depth
        self.underruns = _risen(self.underruns, update.underruns)
        self.overruns = _risen(self.overruns, update.overruns)


def _risen(before: int | None, told: int | None) -> int | None:
    return before if told is None else max(before or 0, told)
