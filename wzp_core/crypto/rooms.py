"""Room name → host name, hash and federation tag."""

import hashlib
import re

from wzp_core.protocol.ids import RoomName

_SAFE = re.compile(r"(?=.*[a-z])[a-z0-9_-]{1,63}")
_RESERVED = re.compile(r"_.*|ping|version")  # server names that are no rooms (transport.md §3)


def server_name(room: str) -> RoomName:
    """What to ask the relay for: the lower-case name, or its hash where that is not a legal or free host name."""
    name = room.strip().lower()
    if _SAFE.fullmatch(name) and not _RESERVED.fullmatch(name):
        return RoomName(name)
    return RoomName(room_hash(name))


def room_hash(name: str) -> str:
    """32 hex digits that hide a room's name from whoever sees the host name (crypto.md §7)."""
    return hashlib.sha256(b"featherchat-group:" + _utf8(name)).hexdigest()[:32]


def federation_tag(canonical_name: str) -> bytes:
    """8 bytes before each datagram between relays (crypto.md §7)."""
    return hashlib.sha256(_utf8(canonical_name)).digest()[:8]


def _utf8(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")  # JSON may hold lone surrogates
