"""What to tell of an incoming call outside the window."""

from dataclasses import dataclass

from wzp_core.session.state import AppState, CallStage
from wzp_desktop.presenters.incoming import incoming_screen


@dataclass(frozen=True, slots=True)
class Announcement:
    call_id: str
    name: str
    text: str
    answerable: bool  # an unprotected call is answered in the window, beside its warning


def announcement(state: AppState) -> Announcement | None:
    """None while nobody calls."""
    call = state.call
    if call is None or call.stage is not CallStage.INCOMING:
        return None
    screen = incoming_screen(state, call)
    return Announcement(screen.call_id, screen.name, screen.warning or screen.acquaintance, call.protected_offer)
