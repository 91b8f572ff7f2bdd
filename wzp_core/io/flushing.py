"""When links are flushed: what was queued together leaves together."""

import asyncio
from collections.abc import Callable

from wzp_core.io.link import QuicLink

_MEDIA_GAP_S = 0.008  # between two packets of media on a link: what comes meanwhile shares a packet
_TURN_S = 0.005  # timers of links come at multiples of this: a timer of the loop's costs more than what it is for


class Flushing:
    """Each link at most once a turn of the loop, and one timer a link."""

    def __init__(self, flush: Callable[[QuicLink, float], None], on_timer: Callable[[QuicLink], None]) -> None:
        self._flush, self._on_timer = flush, on_timer
        self._loop = asyncio.get_running_loop()
        self._now: dict[QuicLink, None] = {}
        self._soon: dict[QuicLink, None] = {}
        self._turns: dict[int, dict[QuicLink, None]] = {}  # by their number: whose timer comes then
        self._turn_of: dict[QuicLink, int] = {}

    def wake(self, link: QuicLink) -> None:
        """At the end of this turn."""
        if not self._now:
            self._loop.call_soon(self.run)
        self._now[link] = None

    def wake_for_media(self, link: QuicLink) -> None:
        """At the end of this turn, or a little later where media has just left.

        Somebody who hears one other person is never kept waiting by this; whoever hears many gets their frames
        together, which costs a packet and its acknowledgement less each time.
        """
        link.media_due = True
        now = self._loop.time()
        if now - link.media_sent_at >= _MEDIA_GAP_S:
            self.wake(link)
            return
        if not self._soon:
            self._loop.call_at(now + _MEDIA_GAP_S, self._tick)
        self._soon[link] = None

    def look_again(self, link: QuicLink, at: float) -> None:
        """Soon after that time, or before: one that comes too early asks again, which is cheaper than to put it off."""
        turn = int(at / _TURN_S) + 1
        armed = self._turn_of.get(link)
        if armed is not None:
            if armed <= turn:
                return
            del self._turns[armed][link]
        self._turn_of[link] = turn
        links = self._turns.get(turn)
        if links is None:
            links = self._turns[turn] = {}
            self._loop.call_at(turn * _TURN_S, self._fire, turn)
        links[link] = None

    def looks_by(self, link: QuicLink, at: float) -> bool:
        """Whether its timer comes by then."""
        armed = self._turn_of.get(link)
        return armed is not None and armed * _TURN_S <= at

    def forget(self, link: QuicLink) -> None:
        self._now.pop(link, None)
        self._soon.pop(link, None)
        if (armed := self._turn_of.pop(link, None)) is not None:
            del self._turns[armed][link]

    def run(self) -> None:
        links, self._now = self._now, {}
        now = self._loop.time()
        for link in list(links):
            self._flush(link, now)

    def _tick(self) -> None:
        links, self._soon = self._soon, {}
        now = self._loop.time()
        for link in list(links):
            if link.media_due:
                self._flush(link, now)

    def _fire(self, turn: int) -> None:
        links = self._turns[turn]
        try:
            while links:  # one of them may make the endpoint forget another
                link, _ = links.popitem()
                del self._turn_of[link]
                self._on_timer(link)
        finally:
            if links:  # a slip costs the others nothing
                self._loop.call_soon(self._fire, turn)
            else:
                del self._turns[turn]
