"""Who is let into which room, and what holds in it."""

from relay.config import WEAKEST, RelayConfig
from relay.decide.rooms import Rooms, call_of
from wzp_core.crypto.rooms import room_hash, server_name
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.protocol.ids import Fingerprint, RoomName


class RoomRules:
    """The rules of one configuration."""

    def __init__(self, config: RelayConfig) -> None:
        self._config = config
        self._rules = {name: rule for rule in config.rooms for name in _names(rule.name)}

    def admit(self, room: RoomName, who: Fingerprint, rooms: Rooms) -> None:
        """Returns where there is a place for that identity.

        Raises RemoteViolation(NOT_ADMITTED) for a room that is for others, and Unavailable(LIMIT).
        """
        if not self.allows(room, who):
            raise RemoteViolation(ErrorCode.NOT_ADMITTED, room=room, fingerprint=who)
        members = rooms.members(room)
        if not members and call_of(room) is None and rooms.open_to_all >= self._config.max_rooms:
            raise Unavailable(ErrorCode.LIMIT, what="rooms", most=self._config.max_rooms)
        most = self._config.max_room_members
        if len(members) >= most and all(member.fingerprint != who for member in members.values()):
            raise Unavailable(ErrorCode.LIMIT, what="room members", most=most)

    def allows(self, room: RoomName, who: Fingerprint) -> bool:
        """Whether the room is for that identity, wherever it comes in."""
        rule = self._rules.get(room)
        return rule is None or rule.allow is None or who in rule.allow

    def loudest(self, room: RoomName) -> int:
        """How many speakers are passed on at once; 0 is all."""
        rule = self._rules.get(room)
        return self._config.loudest if rule is None or rule.loudest is None else rule.loudest

    def follows_weakest(self, room: RoomName) -> bool:
        """Calls agree between their two parties."""
        rule = self._rules.get(room)
        policy = self._config.room_quality if rule is None or rule.quality is None else rule.quality
        return policy == WEAKEST and call_of(room) is None


def _names(name: str) -> set[str]:
    """Under which clients may ask for it: as it is, and hidden by its hash as older ones do."""
    return {name.lower(), str(server_name(name)), room_hash(name.lower())}
