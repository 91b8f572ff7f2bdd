"""Media of one room, to and from another relay (relay.md §16)."""

import asyncio
from collections.abc import Callable, Collection

from relay.observe.counters import Counters
from wzp_core.limits import Bucket, Rate
from wzp_core.ports import Link
from wzp_core.protocol.ids import RoomName
from wzp_core.protocol.media.header import peek_stream_id, well_formed

_PACKETS = Rate(per_s=500, burst=1000)  # of all senders behind it


class Bridge:
    """Hears what every member says, and speaks for whoever is behind it; never to another bridge, so nothing loops."""

    __slots__ = ("_counters", "_now", "_packets", "link", "room", "sends", "taken")

    def __init__(self, link: Link, room: RoomName, counters: Counters) -> None:
        self.link = link
        self.room = room
        self.sends: tuple[Callable[[bytes], bool], ...] = ()
        self.taken: Collection[int] = ()  # stream ids of our own members: nobody behind the bridge speaks as them
        self._counters = counters
        self._now = asyncio.get_running_loop().time
        self._packets = Bucket(_PACKETS, self._now())

    def forward(self, datagram: bytes) -> None:
        """Byte for byte, once to each member; what may not pass is dropped and counted."""
        counters = self._counters
        counters.packets_received += 1
        if not self._packets.take(_PACKETS, self._now()):
            counters.packets_limited += 1
        elif not well_formed(datagram):
            counters.packets_malformed += 1
        elif peek_stream_id(datagram) in self.taken:
            counters.packets_foreign_stream += 1
        else:
            sent = sum(send(datagram) for send in self.sends)
            counters.packets_forwarded += sent
            counters.bytes_forwarded += sent * len(datagram)
