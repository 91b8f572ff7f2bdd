"""The call screen."""

from dataclasses import dataclass

from wzp_core.errors import ErrorCode
from wzp_core.session.state import AppState, CallStage, CallView, EndReason, MediaView
from wzp_desktop.presenters.badge import BadgeLine, badge_line
from wzp_desktop.presenters.media import QualityLine, path_text, quality_line, silence_text
from wzp_desktop.presenters.names import person_name
from wzp_desktop.presenters.talk import TalkScreen, talk_screen
from wzp_desktop.presenters.verification import SasPanel, sas_panel
from wzp_desktop.presenters.volume import VolumeLine, volume_line
from wzp_desktop.presenters.words import ENDED, ERROR, STAGE


@dataclass(frozen=True, slots=True)
class CallScreen:
    call_id: str
    name: str
    fingerprint: str
    stage: str
    running_since: float | None  # Unix time; the view counts from it
    live: bool  # media flows or should
    ended: str  # why; empty while the call lives
    alarming: bool  # the reason is a matter of security
    badge: BadgeLine | None
    banner: str
    sas: SasPanel
    path: str
    quality: QualityLine
    chosen_quality: str
    talk: TalkScreen
    volume: VolumeLine


def call_screen(state: AppState, call: CallView) -> CallScreen:
    live = call.stage in (CallStage.ACTIVE, CallStage.RECONNECTING)
    name = person_name(call.peer)
    volume = volume_line(call.peer.fingerprint, name, call.volume)
    return CallScreen(
        call_id=call.call_id,
        name=name,
        fingerprint=call.peer.fingerprint,
        stage=STAGE[call.stage],
        running_since=call.started_at_unix if call.stage is CallStage.ACTIVE else None,
        live=live,
        ended=_ending(call) if call.stage is CallStage.ENDED else "",
        alarming=call.ended is EndReason.SECURITY,
        badge=badge_line(call.badge) if live else None,
        banner=(silence_text(call.media, interrupted=call.stage is CallStage.RECONNECTING) or volume.silence)
        if live
        else "",
        sas=sas_panel(call),
        path=path_text(call.media) if live else "",
        quality=quality_line(call.media if live else MediaView()),
        chosen_quality=state.settings.call.quality,
        talk=talk_screen(state),
        volume=volume,
    )


def _ending(call: CallView) -> str:
    reason = ENDED[call.ended or EndReason.HUNG_UP]
    detail: ErrorCode | None = call.ended_code
    return f"{reason} {ERROR[detail]}" if detail is not None else reason
