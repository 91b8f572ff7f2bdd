"""Two states of the engine → the events between them; pure."""

from collections.abc import Iterator
from typing import Any, TypeAlias

from wzp_core.session.state import AppState, CallStage, CallView, MediaView, RelayPhase, SasStage

Event: TypeAlias = tuple[str, dict[str, Any]]

_UP = (CallStage.ACTIVE, CallStage.RECONNECTING)


def changes(before: AppState, after: AppState) -> list[Event]:
    """In the order in which a script expects them."""
    return [*_relay(before, after), *_recording(before, after), *_call(_same_call(before.call, after.call), after.call)]


def _relay(before: AppState, after: AppState) -> Iterator[Event]:
    if before.relay.phase is not RelayPhase.ONLINE and after.relay.phase is RelayPhase.ONLINE and after.me is not None:
        yield "registered", {"fingerprint": after.me.fingerprint, "relay": after.relay.address}


def _recording(before: AppState, after: AppState) -> Iterator[Event]:
    if after.recording.file not in ("", before.recording.file):
        yield "recording", {"file": after.recording.file}


def _same_call(before: CallView | None, after: CallView | None) -> CallView | None:
    return before if before is not None and after is not None and before.call_id == after.call_id else None


def _call(before: CallView | None, after: CallView | None) -> Iterator[Event]:
    if after is None:
        return
    old = before.stage if before is not None else None
    if old is not after.stage:
        yield from _stage(old, after)
    if after.sas.stage is SasStage.READY and (before is None or before.sas.stage is not SasStage.READY):
        yield "sas", {"code": after.sas.code}
    yield from _media(before, after)
    if old is not CallStage.ENDED and after.stage is CallStage.ENDED and after.ended is not None:
        yield "ended", {"reason": after.ended.value, "code": after.ended_code.value if after.ended_code else None}


def _stage(old: CallStage | None, call: CallView) -> Iterator[Event]:
    match call.stage:
        case CallStage.INCOMING:
            yield "incoming", {"call_id": call.call_id, "from": call.peer.fingerprint, "alias": call.peer.alias}
        case CallStage.RINGING:
            yield "ringing", {"call_id": call.call_id}
        case CallStage.CONNECTING:
            yield "answered", {"call_id": call.call_id}
        case CallStage.RECONNECTING:
            yield "reconnecting", {}
        case CallStage.ACTIVE if old is CallStage.RECONNECTING:
            yield "reconnected", {}
        case CallStage.ACTIVE:
            yield "media", {}
            yield _path(call.media)


def _media(before: CallView | None, after: CallView) -> Iterator[Event]:
    if before is None:
        return
    old, new = before.media, after.media
    if (old.quality_tx, old.quality_rx, old.tier) != (new.quality_tx, new.quality_rx, new.tier):
        yield "quality", {"tx": new.quality_tx, "rx": new.quality_rx, "tier": new.tier}
    if (old.path, old.path_reason) != (new.path, new.path_reason) and before.stage in _UP and after.stage in _UP:
        yield _path(new)
    if old.no_audio is not new.no_audio:
        if new.no_audio is None:
            yield "audio_back", {}
        else:
            yield "no_audio", {"since_ms": 1000, "reason": new.no_audio.value}


def _path(media: MediaView) -> Event:
    reason = media.path_reason.value if media.path_reason is not None else None
    return "path", {"path": media.path, "rtt_ms": media.rtt_ms, "reason": reason}
