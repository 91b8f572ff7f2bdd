"""When links are flushed: what was queued together leaves together."""

import asyncio
from collections.abc import Callable

from wzp_core.io.link import QuicLink

_MEDIA_GAP_S = 0.005  # between two flushes of a link for media alone: what comes meanwhile shares a packet


class Flushing:
    """Each link at most once a turn of the loop, and one timer a link."""

    def __init__(self, flush: Callable[[QuicLink, float], None], on_timer: Callable[[QuicLink], None]) -> None:
        self._flush, self._on_timer = flush, on_timer
        self._loop = asyncio.get_running_loop()
        self._now: dict[QuicLink, None] = {}
        self._soon: dict[QuicLink, None] = {}
        self._timers: dict[QuicLink, asyncio.TimerHandle] = {}

    def wake(self, link: QuicLink) -> None:
        """At the end of this turn."""
        if not self._now:
            self._loop.call_soon(self.run)
        self._now[link] = None

    def wake_for_media(self, link: QuicLink) -> None:
        """At the end of this turn, or a little later where the link was flushed just now.

        Somebody who hears one other person is never kept waiting by this; whoever hears many gets their frames
        together, which costs a packet and its acknowledgement less each time.
        """
        link.media_due = True
        now = self._loop.time()
        if now - link.flushed_at >= _MEDIA_GAP_S:
            self.wake(link)
            return
        if not self._soon:
            self._loop.call_at(now + _MEDIA_GAP_S, self._tick)
        self._soon[link] = None

    def look_again(self, link: QuicLink, at: float) -> None:
        """At that time or before: a timer that comes too early sets another, which is cheaper than cancelling it."""
        armed = self._timers.get(link)
        if armed is None or at < armed.when():
            if armed is not None:
                armed.cancel()
            self._timers[link] = self._loop.call_at(at, self._fire, link)

    def looks_by(self, link: QuicLink, at: float) -> bool:
        """Whether its timer comes by then."""
        armed = self._timers.get(link)
        return armed is not None and armed.when() <= at

    def forget(self, link: QuicLink) -> None:
        self._now.pop(link, None)
        self._soon.pop(link, None)
        if timer := self._timers.pop(link, None):
            timer.cancel()

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

    def _fire(self, link: QuicLink) -> None:
        del self._timers[link]
        self._on_timer(link)
