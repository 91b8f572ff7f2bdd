"""The media side of the relay: rooms, and packets from each member to the others."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from relay.config import RelayConfig
from relay.decide.admission import Admission
from relay.decide.effects import ConnectionId, Deliver, Effect
from relay.decide.fanout import recipients
from relay.decide.loudest import Floor
from relay.decide.room_rules import RoomRules
from relay.decide.rooms import Rooms, call_of
from relay.edge.bridge import Bridge
from relay.edge.outbox import ListPump, Outbox
from relay.edge.quality_guide import QualityGuide
from relay.edge.seat import Seat
from relay.observe.counters import Counters
from relay.observe.debug_tap import STATS_S, DebugTap
from relay.observe.event_log import EventLog
from relay.observe.room_watch import RoomWatch
from relay.observe.sessions import Sessions
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.logs import event, logger
from wzp_core.ports import Link
from wzp_core.protocol.ids import Fingerprint, RoomName
from wzp_core.protocol.signal.base import SignalMessage

log = logger("relay")

_MOST_BRIDGES = 256


class Beyond(Protocol):
    """The same rooms on other relays."""

    def one_name(self, room: RoomName) -> RoomName: ...

    def canonical(self, name: str) -> RoomName | None:
        """The one name of a room that spans relays; None for a room that is only here."""

    def egress(self, room: RoomName) -> Callable[[bytes], bool] | None:
        """What takes the packets of our members."""

    def members_changed(self, room: RoomName) -> None: ...


class RoomPlane:
    """Rooms with their seats and their way out."""

    def __init__(
        self,
        config: RelayConfig,
        admission: Admission,
        rooms: Rooms,
        outbox: Outbox,
        counters: Counters,
        observed: Sessions,
        events: EventLog | None = None,
    ) -> None:
        self.config = config
        self._admission = admission
        self.counters = counters
        self.observed = observed
        self._rooms = rooms
        self._outbox = outbox
        self._seats: dict[ConnectionId, Seat] = {}
        self._bridges: dict[RoomName, list[Bridge]] = {}
        self._rules = RoomRules(config)
        self.quality = QualityGuide(rooms, outbox, self._told)
        self._floors: dict[RoomName, Floor] = {}  # of rooms with more members than places
        self._rosters = ListPump(self, outbox)
        self._everyone: dict[RoomName, tuple[Callable[[bytes], bool], ...]] = {}
        self.beyond: Beyond | None = None
        self._loop = asyncio.get_running_loop()
        self._tap = DebugTap(config.debug_tap, self._loop.time)
        self._watches: tuple[RoomWatch, ...] = (self._tap,) if events is None else (self._tap, events)

    @property
    def sessions(self) -> int:
        return self._admission.participants

    def join(
        self,
        link: Link,
        room: RoomName,
        who: Fingerprint,
        alias: str | None,
        stream_id: int | None,
        *,
        takes_trunks: bool = False,
    ) -> Seat:
        """A place in the room, which nobody is told of before `announce`, under that stream id where it is free.

        Who may be in a call was asked before. Raises RemoteViolation for a room that is not theirs and
        Unavailable(LIMIT) where there is no place.
        """
        if self.beyond is not None:
            room = self.beyond.one_name(room)
        self._rules.admit(room, who, self._rooms)
        replaces = any(member.fingerprint == who for member in self._rooms.members(room).values())
        host = link.remote_address[0]
        self._admission.join(host, who, self.config, replaces=replaces)
        connection = self._outbox.adopt(link)
        try:
            member, effects = self._rooms.join(room, connection, who, alias, stream_id)
        except Unavailable:
            self._admission.leave(host, who)
            self._outbox.release(connection)
            raise
        record = self.observed.open()
        self._seats[connection] = seat = Seat(connection, link, room, member, self.config, record, self.counters)
        if takes_trunks and self.config.trunking and call_of(room) is None:
            seat.bundle()
        self._outbox.perform(effects)
        self._connect(room)
        self._tell_beyond(room)
        self._follow_weakest(seat)
        self._watch(seat)
        self.counters.joins += 1
        event(
            log,
            "relay:room_joined",
            room=seat.seen.room,
            fingerprint=who,
            stream_id=member.stream_id,
            session=record.session_id,
        )
        return seat

    def announce(self) -> None:
        """Tells the members of every changed room who is in it."""
        self._rosters.run()

    def leave(self, seat: Seat) -> None:
        self._admission.leave(seat.host, seat.member.fingerprint)
        self.observed.close(seat.record)
        self._outbox.release(seat.connection)
        self._seats.pop(seat.connection, None)
        seat.close()
        for watch in seat.watches:
            watch.left(seat.seen)
        room = self._rooms.leave(seat.connection)
        self.quality.leave(seat.room, seat.connection)
        if room is not None:
            self._connect(room)
            self.announce()
            self._tell_beyond(room)
            event(log, "relay:room_left", room=seat.seen.room, fingerprint=seat.member.fingerprint)

    def allows(self, room: RoomName, who: Fingerprint) -> bool:
        """Whether the room is for that identity, also on another relay."""
        return self._rules.allows(room, who)

    def refresh(self, room: RoomName) -> None:
        """Its members on other relays have changed."""
        self._rooms.refresh(room)
        self._rosters.run()

    def deliver(self, room: RoomName, datagram: bytes) -> int:
        """To every member of ours, from another relay; returns to how many."""
        sent = sum(send(datagram) for send in self._everyone.get(room, ()))
        self.counters.packets_forwarded += sent
        self.counters.bytes_forwarded += sent * len(datagram)
        return sent

    def bridge(self, link: Link, room: RoomName) -> Bridge:
        """Joins a room with what another relay sends on `link`. Raises Unavailable(LIMIT)."""
        if sum(map(len, self._bridges.values())) >= _MOST_BRIDGES:
            raise Unavailable(ErrorCode.LIMIT, what="forwarded sessions")
        bridge = Bridge(link, room, self.counters)
        self._bridges.setdefault(room, []).append(bridge)
        self._connect(room)
        return bridge

    def unbridge(self, bridge: Bridge) -> None:
        bridge.sends = ()
        self._bridges[bridge.room].remove(bridge)
        if not self._bridges[bridge.room]:
            del self._bridges[bridge.room]
        self._connect(bridge.room)

    def vacate(self, room: RoomName) -> None:
        """The room is in another process now: its members have to ask again."""
        for seat in [seat for seat in self._seats.values() if seat.room == room]:
            seat.link.close("moved")

    def reconfigure(self, config: RelayConfig) -> None:
        self.config, self._rules = config, RoomRules(config)
        for seat in self._seats.values():
            seat.reconfigure(config)
        self._floors.clear()
        for room in {seat.room for seat in self._seats.values()}:
            self._connect(room)
        self._tap.point_at(config.debug_tap)
        for seat in self._seats.values():
            self._follow_weakest(seat)
            self._watch(seat)
            if not self._rules.allows(seat.room, seat.member.fingerprint):
                seat.link.close(ErrorCode.NOT_ADMITTED.value)

    async def keep_time(self) -> None:
        """Tells the debug tap's statistics; runs until cancelled."""
        while True:
            await asyncio.sleep(STATS_S)
            self._tap.statistics()

    @property
    def updates_due_at(self) -> float | None:
        return self._rooms.updates_due_at

    def updates(self, now: float) -> list[Effect]:
        """The rosters whose turn it is; whoever watches a room is told each once."""
        effects = self._rooms.updates(now)
        rosters = {
            id(effect.message): (self._seats[effect.to].room, effect.message)
            for effect in effects
            if isinstance(effect, Deliver) and effect.to in self._seats
        }
        for room, roster in rosters.values():
            self._told(room, roster)
        return effects

    def _told(self, room: RoomName, message: SignalMessage) -> None:
        shown = next((self._seats[member].seen.room for member in self._rooms.members(room)), room)
        for watch in self._watches:
            if watch.watches(room):
                watch.told(shown, message)

    def _watch(self, seat: Seat) -> None:
        before, seat.watches = seat.watches, tuple(watch for watch in self._watches if watch.watches(seat.room))
        for watch in self._watches:
            if watch in seat.watches and watch not in before:
                watch.joined(seat.seen)
            elif watch in before and watch not in seat.watches:
                watch.left(seat.seen)

    def close(self) -> None:
        self._rosters.close()

    def _connect(self, room: RoomName) -> None:
        """Gives every seat of the room its recipients; a replaced member has none any more."""
        seated = {connection: self._seats[connection] for connection in self._rooms.members(room)}
        floor = self._floor(room, len(seated))
        bridges = self._bridges.get(room, ())
        egress = self.beyond.egress(room) if self.beyond is not None else None
        outward = (egress,) if egress is not None else ()
        for connection, others in recipients(seated).items():
            hearers = (*(other.hear for other in others), *(bridge.link.send_media for bridge in bridges))
            seated[connection].sends = (*hearers, *outward)
            seated[connection].floor = floor
        self._everyone.pop(room, None)
        if seated:
            self._everyone[room] = tuple(seat.hear for seat in seated.values())
        for bridge in bridges:
            bridge.sends = self._everyone.get(room, ())
            bridge.taken = {seat.member.stream_id for seat in seated.values()}

    def _tell_beyond(self, room: RoomName) -> None:
        if self.beyond is not None and self.beyond.canonical(room) is not None:
            self.beyond.members_changed(room)

    def _follow_weakest(self, seat: Seat) -> None:
        if self._rules.follows_weakest(seat.room):
            seat.on_report = self.quality.follow(seat.room, seat.connection)
        else:
            seat.on_report = None
            self.quality.release(seat.room)

    def _floor(self, room: RoomName, members: int) -> Floor | None:
        """None where nobody has more others to hear than are passed on."""
        loudest = self._rules.loudest(room)
        if not loudest or members <= loudest + 1:
            self._floors.pop(room, None)
            return None
        return self._floors.setdefault(room, Floor(loudest))
