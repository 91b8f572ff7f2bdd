"""Many packets ↔ one datagram, for links that agreed on it (media.md §4)."""

import struct
from dataclasses import dataclass
from typing import Final

from wzp_core.errors import ErrorCode, LocalMisuse, RemoteViolation

TRUNKS: Final = "trunks"
"""Word of a `CallOffer` that asks for them, and of the `CallAnswer` after which every datagram to the client is one."""

SESSION_BYTES: Final = 2
ENTRY_BYTES: Final = 6  # in a trunk of a single packet, beside that
MOST_ENTRIES: Final = 10
LONGEST_TRUNK: Final = 1200
FLUSH_DELAY_S: Final = 0.005

_COUNT: Final = struct.Struct(">H")
_ENTRY: Final = struct.Struct(">2sH")
_GREATEST: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class TrunkEntry:
    """One media packet and the first two bytes of its sender's session id."""

    session: bytes
    payload: bytes


def encode_trunk(entries: list[TrunkEntry]) -> bytes:
    """Raises LocalMisuse(BAD_VALUE) for a session that is not two bytes, or more than fits 16 bits."""
    if len(entries) > _GREATEST or any(_is_bad(entry) for entry in entries):
        raise LocalMisuse(ErrorCode.BAD_VALUE, what="trunk", entries=len(entries))
    parts = [_COUNT.pack(len(entries))]
    for entry in entries:
        parts += (_ENTRY.pack(entry.session, len(entry.payload)), entry.payload)
    return b"".join(parts)


def decode_trunk(datagram: bytes) -> list[TrunkEntry]:
    """Raises RemoteViolation(MALFORMED_PACKET) where entries are cut off; what follows the last one is ignored."""
    try:
        (count,) = _COUNT.unpack_from(datagram)
        entries, start = [], _COUNT.size
        for _ in range(count):
            session, length = _ENTRY.unpack_from(datagram, start)
            start += _ENTRY.size + length
            entries.append(TrunkEntry(session, datagram[start - length : start]))
    except struct.error:
        start = len(datagram) + 1
    if start > len(datagram):
        raise RemoteViolation(ErrorCode.MALFORMED_PACKET, what="trunk", length=len(datagram))
    return entries


class TrunkBatcher:
    """Gathers entries into trunks; `deadline` says when to call `flush` at the latest."""

    def __init__(self, *, longest: int = LONGEST_TRUNK) -> None:
        self.deadline: float | None = None
        self._longest = longest  # bytes of one trunk
        self._entries: list[TrunkEntry] = []
        self._length = _COUNT.size

    def push(self, entry: TrunkEntry, now: float) -> list[bytes]:
        """The trunks that are full now, at most two. Raises LocalMisuse for an entry that fits no trunk."""
        size = _ENTRY.size + len(entry.payload)
        if _COUNT.size + size > self._longest or _is_bad(entry):
            raise LocalMisuse(ErrorCode.TOO_LARGE, what="trunk entry", length=len(entry.payload))
        full = self.flush() if self._length + size > self._longest else []
        if not self._entries:
            self.deadline = now + FLUSH_DELAY_S
        self._entries.append(entry)
        self._length += size
        if len(self._entries) == MOST_ENTRIES or self._length == self._longest:
            full += self.flush()
        return full

    def flush(self) -> list[bytes]:
        """What is gathered, as one trunk; nothing if there is nothing."""
        entries, self._entries, self._length, self.deadline = self._entries, [], _COUNT.size, None
        return [encode_trunk(entries)] if entries else []


def _is_bad(entry: TrunkEntry) -> bool:
    return len(entry.session) != SESSION_BYTES or len(entry.payload) > _GREATEST
