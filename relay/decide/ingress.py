"""What is passed on of the datagrams that another relay sends: nothing twice, and not too much (relay.md §9.6)."""

from typing import Final

from wzp_core.protocol.ids import RoomName
from wzp_core.protocol.media.header import HEADER_BYTES

TAG_BYTES: Final = 8
SHORTEST: Final = TAG_BYTES + HEADER_BYTES
DEDUP_S: Final = 2.0
MOST_PER_S: Final = 500  # packets of one room

_FOLDED = 16  # bytes of a packet
_SWEPT_ABOVE = 256
_MOST_SEEN = 65_536
_MOST_ROOMS = 4096


def fold(packet: bytes) -> int:
    """The first 16 bytes, byte i shifted by i mod 8 bytes."""
    return int.from_bytes(packet[:8], "little") ^ int.from_bytes(packet[8:_FOLDED], "little")


def dedup_key(tagged: bytes) -> int:
    """Of a datagram between relays that is not shorter than it may be."""
    sequence = int.from_bytes(tagged[TAG_BYTES + 2 : TAG_BYTES + 4], "big")
    return int.from_bytes(tagged[:TAG_BYTES], "big") ^ sequence ^ fold(tagged[TAG_BYTES : TAG_BYTES + _FOLDED])


class Seen:
    """Datagrams of the last two seconds."""

    def __init__(self) -> None:
        self._seen: dict[int, float] = {}  # oldest first

    def __len__(self) -> int:
        return len(self._seen)

    def is_new(self, tagged: bytes, now: float) -> bool:
        """Whether it was not here before; from now on it was."""
        seen, key = self._seen, dedup_key(tagged)
        at = seen.get(key)
        if at is not None:
            if now - at < DEDUP_S:
                return False
            del seen[key]
        seen[key] = now
        if len(seen) > _SWEPT_ABOVE:
            self._sweep(now)
        return True

    def _sweep(self, now: float) -> None:
        while self._seen:
            oldest = next(iter(self._seen))
            if now - self._seen[oldest] < DEDUP_S and len(self._seen) <= _MOST_SEEN:
                return
            del self._seen[oldest]


class RoomRates:
    """How many packets came for each room within the current second."""

    def __init__(self) -> None:
        self._second = -1
        self._counts: dict[RoomName, int] = {}

    def take(self, room: RoomName, now: float) -> bool:
        if int(now) != self._second:
            self._second = int(now)
            self._counts.clear()
        count = self._counts.get(room, 0)
        if count >= MOST_PER_S or (not count and len(self._counts) >= _MOST_ROOMS):
            return False
        self._counts[room] = count + 1
        return True
