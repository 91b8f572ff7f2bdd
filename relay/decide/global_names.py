"""Which rooms span relays, and under which name all relays know one (relay.md §9.2)."""

import re
from collections.abc import Iterable

from wzp_core.crypto.rooms import federation_tag, room_hash
from wzp_core.protocol.ids import Fingerprint, RoomName

_CALL = re.compile(r"call-[0-9a-z_-]{1,59}")
_LOBBY = "_lobby-"  # no room's name may begin like that: older relays ignore it as a room that is not global with them
LOBBY_PARTS = tuple(RoomName(_LOBBY + digit) for digit in "0123456789abcdef")
"""Everybody who is registered, by the first digit of the fingerprint, so that a newcomer costs one short list."""


def lobby_part(fingerprint: Fingerprint) -> RoomName:
    return RoomName(_LOBBY + fingerprint[0])


def is_lobby(room: RoomName) -> bool:
    return room.startswith(_LOBBY)


def is_call(room: RoomName) -> bool:
    return room.startswith("call-")


class GlobalNames:
    """Configured rooms under their name or its hash; rooms of calls; the lobby."""

    def __init__(self, configured: Iterable[str]) -> None:
        self.configured = tuple(RoomName(name) for name in configured)
        self._names = {form: name for name in self.configured for form in (name, RoomName(room_hash(name)))}
        self._names |= {part: part for part in LOBBY_PARTS}

    def canonical(self, name: str) -> RoomName | None:
        """None for a room that only this relay has."""
        name = name.lower()
        return RoomName(name) if _CALL.fullmatch(name) else self._names.get(RoomName(name))


class Tags:
    """Names of rooms by what stands before their datagrams."""

    def __init__(self, lasting: Iterable[RoomName]) -> None:
        self._lasting = {federation_tag(name): name for name in lasting}
        self._passing: dict[bytes, RoomName] = {}

    def keep(self, lasting: Iterable[RoomName]) -> None:
        """These last from now on."""
        self._lasting = {federation_tag(name): name for name in lasting}

    def add(self, room: RoomName) -> None:
        self._passing[federation_tag(room)] = room

    def discard(self, room: RoomName) -> None:
        self._passing.pop(federation_tag(room), None)

    def room(self, tag: bytes) -> RoomName | None:
        return self._lasting.get(tag) or self._passing.get(tag)
