"""How well media fares, and what to send."""

from dataclasses import dataclass

from wzp_core.protocol.ids import CallId
from wzp_core.protocol.media.report import QualityReport
from wzp_core.protocol.profile import QualityProfile
from wzp_core.protocol.signal.base import F32, U32, U64, SignalMessage, omitted, signal


@signal("QualityDirective")
@dataclass(frozen=True, slots=True, kw_only=True)
class QualityDirective(SignalMessage):
    """Relay → members of a room: a ceiling for what they send."""

    recommended_profile: QualityProfile
    reason: str | None = omitted()


@signal("QualityUpdate")
@dataclass(frozen=True, slots=True, kw_only=True)
class QualityUpdate(SignalMessage):
    """Unused; ignored."""

    report: QualityReport
    recommended_profile: QualityProfile


@signal("LossRecoveryUpdate")
@dataclass(frozen=True, slots=True, kw_only=True)
class LossRecoveryUpdate(SignalMessage):
    """Totals since the call began."""

    dred_reconstructions: U64 = 0
    classical_plc_invocations: U64 = 0
    frames_decoded: U64 = 0
    jitter_buffer_depth: U32 | None = omitted()  # extension: held back for play-out now, packets of 20 ms
    underruns: U64 | None = omitted()  # extension: packets that were not there when their turn came
    overruns: U64 | None = omitted()  # extension: packets there and never played, to get rid of delay


@signal("MediaCapability")
@dataclass(frozen=True, slots=True, kw_only=True)
class MediaCapability(SignalMessage):
    """Extension: what its sender can play, as words; unknown ones are ignored."""

    call_id: CallId
    words: tuple[str, ...]


@signal("UpgradeProposal")
@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeProposal(SignalMessage):
    call_id: CallId
    proposal_id: str
    proposed_profile: QualityProfile
    local_loss_pct: F32 | None = omitted()
    local_rtt_ms: U32 | None = omitted()


@signal("UpgradeResponse")
@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeResponse(SignalMessage):
    call_id: CallId
    proposal_id: str
    accepted: bool
    reason: str | None = omitted()


@signal("UpgradeConfirm")
@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeConfirm(SignalMessage):
    call_id: CallId
    proposal_id: str
    confirmed_profile: QualityProfile


@signal("QualityCapability")
@dataclass(frozen=True, slots=True, kw_only=True)
class QualityCapability(SignalMessage):
    """The best its sender can sustain; caps the peer's encoder.

    Extension: `burst`, how many packets in a row its sender misses when it misses some, on average.
    """

    call_id: CallId
    max_profile: QualityProfile
    loss_pct: F32 | None = omitted()
    rtt_ms: U32 | None = omitted()
    burst: F32 | None = omitted()
