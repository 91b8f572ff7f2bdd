"""What would end if the program did."""

from wzp_core.session.state import AppState, CallStage
from wzp_desktop.presenters.names import in_sentence, person_name, shown_name


def leaving_text(state: AppState) -> str:
    """`You are in a call with Swift Hawk.`; empty where nothing would end."""
    call, room = state.call, state.room
    if call is not None and call.stage is not CallStage.ENDED:
        name = in_sentence(person_name(call.peer))
        return f"{name} is calling you." if call.stage is CallStage.INCOMING else f"You are in a call with {name}."
    if room is not None:
        return f"You are in the room {in_sentence(shown_name(room.name, room.name))}."
    return ""
