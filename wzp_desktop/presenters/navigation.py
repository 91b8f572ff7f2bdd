"""Which screen the state asks for."""

from enum import Enum

from wzp_core.session.state import AppState, CallStage


class Screen(Enum):
    STARTING = "starting"
    UNLOCK = "unlock"
    FIRST_RUN = "first_run"
    LOBBY = "lobby"
    INCOMING = "incoming"
    CALL = "call"
    ROOM = "room"


def screen_of(state: AppState) -> Screen:
    """A call goes before a room, and both before the lobby; nothing goes before one's own identity."""
    if state.unlock_needed:
        return Screen.UNLOCK
    if state.me is None:
        return Screen.STARTING
    if state.first_run:
        return Screen.FIRST_RUN
    if state.call is not None:
        return Screen.INCOMING if state.call.stage is CallStage.INCOMING else Screen.CALL
    return Screen.ROOM if state.room is not None else Screen.LOBBY
