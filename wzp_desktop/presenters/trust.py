"""Questions of trust that only the user can answer (e2e.md §6)."""

from dataclasses import dataclass

from wzp_core.session.state import ContactKeyChanged, EncryptionLost, RelayKeyChanged, TrustQuestion
from wzp_desktop.presenters.names import in_sentence, person_name, shown_name


@dataclass(frozen=True, slots=True)
class TrustScreen:
    title: str
    text: str
    old: str  # fingerprint known so far; empty where nothing is compared
    new: str
    accept: str
    refuse: str
    question: TrustQuestion  # so that an answer is one to what was on the screen


def trust_screen(question: TrustQuestion) -> TrustScreen:
    match question:
        case RelayKeyChanged():
            return TrustScreen(
                title="The relay's key has changed",
                text=f"{question.address} shows another key than before. It may have been set up anew, or somebody "
                "may be posing as it. Nothing is sent until you decide. Ask who runs the relay before you accept.",
                old=question.old,
                new=question.new,
                accept="Accept new key",
                refuse="Cancel",
                question=question,
            )
        case ContactKeyChanged():
            name = in_sentence(shown_name(question.alias, question.old))
            before = " You had verified this contact." if question.verified_before else ""
            return TrustScreen(
                title=f"{name} has another identity",
                text=f"Somebody named {name} is here with another fingerprint than before.{before} It may be a new "
                "computer, or a stranger using the name. Ask the person another way before you go on.",
                old=question.old,
                new=question.new,
                accept="Go on with new identity",
                refuse="Do not trust",
                question=question,
            )
        case EncryptionLost():
            name = in_sentence(person_name(question.person))
            return TrustScreen(
                title="Encryption is missing",
                text=f"{name} could encrypt end to end before and now does not. It may be an older program, or "
                "somebody in between may be switching protection off. Whoever runs the relay could listen.",
                old="",
                new=question.person.fingerprint,
                accept="Go on unprotected",
                refuse="Do not call",
                question=question,
            )
