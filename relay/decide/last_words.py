"""Goodbyes to clients of other relays, which may have been lost with a link on the way."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from relay.decide.effects import ConnectionId, Effect, Send
from wzp_core.protocol.ids import Fingerprint

KEPT_S = 120.0
_MOST_KEPT = 1000

WayTo = Callable[[Fingerprint], ConnectionId | None]


@dataclass(frozen=True, slots=True)
class _Goodbye:
    sent: Send
    way: ConnectionId | None  # the link that it took
    said_at: float


class LastWords:
    """Said again when their addressee is reached by another link than before: whoever has heard them ignores them."""

    def __init__(self) -> None:
        self._said: deque[_Goodbye] = deque(maxlen=_MOST_KEPT)

    def say(self, goodbye: Send, way: ConnectionId | None, now: float) -> None:
        self._said.append(_Goodbye(goodbye, way, now))

    def again(self, way_to: WayTo, now: float) -> list[Effect]:
        """After every change of who is reached how."""
        while self._said and now - self._said[0].said_at > KEPT_S:
            self._said.popleft()
        effects: list[Effect] = []
        for place, goodbye in enumerate(self._said):
            way = way_to(goodbye.sent.to)
            if way != goodbye.way:
                self._said[place] = replace(goodbye, way=way)
                effects += [goodbye.sent] if way is not None else []
        return effects
