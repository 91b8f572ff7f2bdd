"""Somebody calls: who, how protected, and what each answer means."""

from dataclasses import dataclass

from wzp_core.session.state import AppState, CallView
from wzp_desktop.presenters.names import person_name
from wzp_desktop.presenters.tone import Tone


@dataclass(frozen=True, slots=True)
class IncomingScreen:
    call_id: str
    name: str
    fingerprint: str
    acquaintance: str
    tone: Tone
    warning: str
    answer: str
    answer_meaning: str
    private: str
    private_meaning: str
    decline_meaning: str


def incoming_screen(state: AppState, call: CallView) -> IncomingScreen:
    acquaintance, tone = _acquaintance(state, call)
    protected = call.protected_offer
    return IncomingScreen(
        call_id=call.call_id,
        name=person_name(call.peer),
        fingerprint=call.peer.fingerprint,
        acquaintance=acquaintance,
        tone=tone,
        warning=""
        if protected
        else "The caller's program cannot encrypt end to end. Whoever runs the relay could listen to this call.",
        answer="Answer" if protected else "Answer unprotected",
        answer_meaning="A direct connection is tried; the caller may learn your network address.",
        private="Answer privately" if protected else "Answer privately, unprotected",
        private_meaning="Everything goes through the relay; the caller does not learn your network address.",
        decline_meaning="The caller is told that you declined.",
    )


def _acquaintance(state: AppState, call: CallView) -> tuple[str, Tone]:
    if call.peer.mismatched:
        return "The codes differed in an earlier call. Be careful.", Tone.DANGER
    if call.peer.verified:
        return "Verified contact", Tone.GOOD
    if any(contact.fingerprint == call.peer.fingerprint for contact in state.contacts):
        return "You have spoken before, but not compared codes yet", Tone.NEUTRAL
    return "New to you: check the fingerprint", Tone.NEUTRAL
