"""The links one conversation may use: heard are all, media is sent on the chosen one, and on both while moving."""

from collections.abc import Callable

from wzp_core.engine.media_room import unpacking
from wzp_core.ports import Link

_BOTH_S = 1.5  # so long both carry the packets; see `choose` and `doubt`
_SILENT_S = 0.25  # a direct path silent for so long is backed by the relay's until it answers or is given up
_UNANSWERED = 6  # packets: a lifeboat's are that far apart

Received = Callable[[bytes], None]


class Paths:
    """The relay's link and a direct one; either may be missing or replaced at any time."""

    def __init__(self, received: Received) -> None:
        self._received = received
        self._relay: Link | None = None
        self._direct: Link | None = None
        self._is_direct = False
        self._both_until = float("-inf")

    @property
    def is_direct(self) -> bool:
        return self._is_direct and self._direct is not None

    @property
    def current(self) -> Link | None:
        """What media is sent on."""
        return self._direct if self.is_direct else self._relay

    def use_relay(self, link: Link | None, *, trunked: bool = False) -> None:
        self._listen(self._relay, link, unpacking(self._received) if trunked else self._received)
        self._relay = link

    def use_direct(self, link: Link | None) -> None:
        """Heard from now on; sent on after `choose`."""
        self._listen(self._direct, link, self._received)
        self._direct = link

    def choose(self, *, direct: bool, now: float) -> None:
        """The old way carries the packets for a while still.

        By the copies that come later the receiver learns how slow the slower way is, and in this time its speech can be
        stretched by the difference, so that not even a way that is 150 ms slower leaves a gap.
        """
        if direct != self._is_direct:
            self._is_direct, self._both_until = direct, max(self._both_until, now + _BOTH_S)

    def doubt(self, now: float) -> None:
        """The direct path may have broken just now: both carry the packets until that is known.

        What we still hear on it says nothing of what the peer hears: its way to us may be another. This lasts longer
        than it takes either side to give up a path on which it hears nothing.
        """
        self._both_until = now + _BOTH_S

    def send(self, datagram: bytes, now: float) -> None:
        for link in self._targets(now):
            link.send_media(datagram)

    def close(self) -> None:
        self.use_relay(None)
        self.use_direct(None)

    def _targets(self, now: float) -> list[Link]:
        links = [link for link in (self._direct, self._relay) if link is not None]
        if len(links) < 2 or now < self._both_until:
            return links
        direct = links[0].stats()
        if self._is_direct and direct.silent_s > _SILENT_S and direct.unanswered >= _UNANSWERED:
            return links
        return links[:1] if self._is_direct else links[1:]

    @staticmethod
    def _listen(old: Link | None, new: Link | None, received: Received) -> None:
        if old is not None and old is not new:
            old.on_media(lambda _datagram: None)
        if new is not None:
            new.on_media(received)
