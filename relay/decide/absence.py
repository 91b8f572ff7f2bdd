"""Parties whose signal link was lost in a call: their grace, and what they would have been told meanwhile."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from relay.decide.effects import Effect, Send
from wzp_core.protocol.ids import Fingerprint
from wzp_core.protocol.signal.base import SignalMessage

GRACE_S = 30.0
_MOST_KEPT = 32


@dataclass(slots=True)
class _Absence:
    until: float
    kept: deque[Send] = field(default_factory=lambda: deque(maxlen=_MOST_KEPT))


class Absences:
    """Media survives a lost signal link, so a call does too while its party may still come back."""

    def __init__(self) -> None:
        self._absent: dict[Fingerprint, _Absence] = {}

    def __len__(self) -> int:
        return len(self._absent)

    def __iter__(self) -> Iterator[Fingerprint]:
        return iter(self._absent)

    def __contains__(self, fingerprint: Fingerprint) -> bool:
        return fingerprint in self._absent

    def begin(self, fingerprint: Fingerprint, now: float) -> None:
        self._absent.setdefault(fingerprint, _Absence(now + GRACE_S))

    def end(self, fingerprint: Fingerprint) -> list[Effect]:
        """The party is back: everything it missed, in order."""
        absence = self._absent.pop(fingerprint, None)
        return list(absence.kept) if absence else []

    def overdue(self, now: float) -> list[Fingerprint]:
        """Forgets those whose grace is over."""
        over = [who for who, absence in self._absent.items() if absence.until <= now]
        for who in over:
            del self._absent[who]
        return over

    def send(self, to: Fingerprint, message: SignalMessage, by: Fingerprint) -> list[Effect]:
        """Sends now, or keeps the message for the party's return."""
        absence, sent = self._absent.get(to), Send(to, message, by)
        if absence is None:
            return [sent]
        absence.kept.append(sent)
        return []
