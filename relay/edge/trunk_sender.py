"""Several packets to a datagram, for members that asked for it (media.md §4)."""

import asyncio
from typing import Final

from wzp_core.io.link import LONGEST_DATAGRAM
from wzp_core.ports import Link
from wzp_core.protocol.media.trunk import ENTRY_BYTES, TrunkBatcher, TrunkEntry

_LONGEST_PACKET: Final = LONGEST_DATAGRAM - ENTRY_BYTES


class TrunkSender:
    """What one member hears; a packet waits 5 ms at most for others."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._batcher = TrunkBatcher(longest=LONGEST_DATAGRAM)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def send(self, packet: bytes) -> bool:
        """As `Link.send_media`; the sender's stream id stands for its session."""
        if len(packet) > _LONGEST_PACKET:
            return False
        for trunk in self._batcher.push(TrunkEntry(b"\x00" + packet[11:12], packet), self._loop.time()):
            self._link.send_media(trunk)
        if self._timer is None and self._batcher.deadline is not None:
            self._timer = self._loop.call_at(self._batcher.deadline, self._flush)
        return True

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _flush(self) -> None:
        self._timer = None
        for trunk in self._batcher.flush():
            self._link.send_media(trunk)
