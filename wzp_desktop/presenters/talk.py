"""Whether what we say goes out, and what there is to say about that."""

from dataclasses import dataclass

from wzp_core.session.state import AppState, CallStage, RoomStage
from wzp_desktop.presenters.navigation import Screen, screen_of
from wzp_desktop.presenters.tone import Tone

_CALL_STAGES = (CallStage.ACTIVE, CallStage.RECONNECTING)
_ROOM_STAGES = (RoomStage.JOINED, RoomStage.RECONNECTING)


@dataclass(frozen=True, slots=True)
class TalkScreen:
    """The bar of a call or room; `prompt` is empty while there is no push to talk."""

    mic_muted: bool
    speaker_muted: bool
    sending: bool
    prompt: str
    icon: str
    tone: Tone


def talk_screen(state: AppState) -> TalkScreen:
    sending = state.sending_voice and not state.mic_muted
    prompt, icon, tone = "Hold Space to talk", "microphone", Tone.NEUTRAL
    if state.mic_muted:
        prompt, icon, tone = "You are muted", "microphone-off", Tone.DANGER
    elif sending:
        prompt, tone = "Talking", Tone.GOOD
    return TalkScreen(
        state.mic_muted, state.speaker_muted, sending, prompt if can_hold_to_talk(state) else "", icon, tone
    )


def can_hold_to_talk(state: AppState) -> bool:
    """Push to talk is on, and a call or room that carries voice is on the screen."""
    if not state.settings.audio.push_to_talk:
        return False
    match screen_of(state):
        case Screen.CALL:
            return state.call is not None and state.call.stage in _CALL_STAGES
        case Screen.ROOM:
            return state.room is not None and state.room.stage in _ROOM_STAGES
    return False
