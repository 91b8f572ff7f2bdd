"""Tells the members of rooms that follow their weakest member what to send at most (relay.md §3.5)."""

import asyncio
from collections.abc import Callable

from relay.decide.effects import ConnectionId, Deliver
from relay.decide.room_quality import WeakestLink, directive
from relay.decide.rooms import Rooms
from relay.edge.outbox import Outbox
from wzp_core.logs import event, logger
from wzp_core.protocol.ids import RoomName
from wzp_core.protocol.media.report import QualityReport
from wzp_core.protocol.signal.quality import QualityDirective
from wzp_core.quality.tier import Tier

log = logger("relay")


class QualityGuide:
    """For all rooms; those that follow nobody cost nothing."""

    def __init__(self, rooms: Rooms, outbox: Outbox, on_told: Callable[[RoomName, QualityDirective], None]) -> None:
        self._rooms, self._outbox, self._on_told = rooms, outbox, on_told
        self._weakest: dict[RoomName, WeakestLink[ConnectionId]] = {}
        self._now = asyncio.get_running_loop().time

    def follow(self, room: RoomName, member: ConnectionId) -> Callable[[bytes], None]:
        """What takes the member's coded reports from now on."""
        weakest = self._weakest.setdefault(room, WeakestLink())

        def reported(report: bytes) -> None:
            if weakest.report(member, QualityReport.decode(report), self._now()):
                self._tell(room, weakest)

        return reported

    def greet(self, room: RoomName, member: ConnectionId) -> None:
        """For a newcomer, who has its answer."""
        if (weakest := self._weakest.get(room)) is not None:
            self._outbox.perform([Deliver(member, weakest.directive())])

    def leave(self, room: RoomName, member: ConnectionId) -> None:
        """After the room has forgotten the member."""
        weakest = self._weakest.get(room)
        if weakest is None:
            return
        changed = weakest.leave(member)
        if not self._rooms.members(room):
            del self._weakest[room]
        elif changed:
            self._tell(room, weakest)

    def release(self, room: RoomName) -> None:
        """The room follows nobody any more: each member sends what its own path carries."""
        if self._weakest.pop(room, None) is not None:
            free = directive(Tier.STUDIO_64K, "no ceiling any more")
            self._outbox.perform([Deliver(member, free) for member in self._rooms.members(room)])

    def _tell(self, room: RoomName, weakest: WeakestLink[ConnectionId]) -> None:
        event(log, "relay:room_quality", room=room, tier=weakest.tier.label)
        told = weakest.directive()
        self._on_told(room, told)
        self._outbox.perform([Deliver(member, told) for member in self._rooms.members(room)])
