"""Offers and goodbyes to clients of other relays, which may have been lost with a link or a relay on the way."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from relay.decide.effects import ConnectionId, Effect, Send
from wzp_core.protocol.ids import CallId, Fingerprint

KEPT_S = 120.0
_MOST_KEPT = 1000

WayTo = Callable[[Fingerprint], ConnectionId | None]


@dataclass(frozen=True, slots=True)
class _Said:
    call_id: CallId
    sent: Send
    way: ConnectionId | None  # the link that it took
    at: float


class Repeats:
    """Said again when their addressee is reached by another link than before: whoever has heard them ignores them."""

    def __init__(self) -> None:
        self._said: deque[_Said] = deque(maxlen=_MOST_KEPT)

    def __contains__(self, call_id: CallId) -> bool:
        return any(said.call_id == call_id for said in self._said)

    def say(self, call_id: CallId, sent: Send, way: ConnectionId | None, now: float) -> None:
        self._said.append(_Said(call_id, sent, way, now))

    def drop(self, call_id: CallId) -> None:
        """It has been heard, since something came back, or the call is over."""
        if call_id in self:
            self._said = deque((said for said in self._said if said.call_id != call_id), maxlen=_MOST_KEPT)

    def again(self, way_to: WayTo, now: float) -> list[Effect]:
        """After every change of who is reached how."""
        while self._said and now - self._said[0].at > KEPT_S:
            self._said.popleft()
        effects: list[Effect] = []
        for place, said in enumerate(self._said):
            way = way_to(said.sent.to)
            if way != said.way:
                self._said[place] = replace(said, way=way)
                effects += [said.sent] if way is not None else []
        return effects
