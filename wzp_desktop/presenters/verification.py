"""The spoken code: who reads, who chooses, and what came of it (e2e.md §4)."""

from dataclasses import dataclass
from enum import Enum

from wzp_core.session.state import Badge, CallStage, CallView, SasStage, SasView
from wzp_desktop.presenters.tone import Tone


class SasMode(Enum):
    HIDDEN = "hidden"
    WAIT = "wait"
    READ = "read"
    CHOOSE = "choose"
    DONE = "done"
    FAILED = "failed"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SasPanel:
    mode: SasMode
    title: str = ""
    text: str = ""
    code: str = ""
    choices: tuple[str, ...] = ()
    folded: bool = False  # compared in an earlier call: shown only on request
    tone: Tone = Tone.NEUTRAL


def sas_panel(call: CallView) -> SasPanel:
    if call.stage not in (CallStage.ACTIVE, CallStage.RECONNECTING):
        return SasPanel(SasMode.HIDDEN)
    match call.sas.stage:
        case SasStage.EXCHANGING:
            return SasPanel(SasMode.WAIT, "Compare the code", "The code is being agreed on. Wait a moment.")
        case SasStage.READY:
            return _comparison(call)
        case SasStage.CONFIRMED:
            return SasPanel(
                SasMode.DONE, "Codes match", "Nobody is in between. This contact is now verified.", tone=Tone.GOOD
            )
        case SasStage.FAILED:
            return SasPanel(
                SasMode.FAILED,
                "Verification failed",
                "Somebody may be listening in. Hang up, and reach this person another way.",
                tone=Tone.DANGER,
            )
        case SasStage.NONE:
            return _no_code(call)


def _comparison(call: CallView) -> SasPanel:
    folded = call.badge is Badge.VERIFIED
    if not call.sas.choices:
        return SasPanel(
            SasMode.READ,
            "Read this code aloud",
            "The other side looks for it among several and tells you whether it is there.",
            code=call.sas.code,
            folded=folded,
        )
    return SasPanel(
        SasMode.CHOOSE,
        "Which code do you hear?",
        "The other side reads a code aloud. Choose it here, then say that you found it.",
        choices=call.sas.choices,
        folded=folded,
    )


def _no_code(call: CallView) -> SasPanel:
    if call.badge not in (Badge.ENCRYPTED, Badge.VERIFIED):
        return SasPanel(SasMode.HIDDEN)
    return SasPanel(
        SasMode.NONE,
        "No code for this call",
        "This relay does not pass the messages for comparing codes. The fingerprint still proves who you talk to.",
    )


def heard_right(sas: SasView, choice: str) -> bool:
    """Whether the chosen code is the one of this call."""
    return choice == sas.code
