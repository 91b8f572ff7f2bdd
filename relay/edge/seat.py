"""One participant's place in a room: the hot path, once for each datagram."""

import asyncio
from collections.abc import Callable

from relay.config import RelayConfig
from relay.decide.effects import ConnectionId
from relay.decide.fanout import Quota, Verdict, verdict
from relay.decide.loudest import Floor, Voice
from relay.decide.rooms import Member, room_named, room_of
from relay.decide.session_record import SessionRecord
from relay.edge.trunk_sender import TrunkSender
from relay.observe.counters import Counters
from relay.observe.room_watch import RoomWatch, Seen
from wzp_core.ports import Link
from wzp_core.protocol.ids import RoomName
from wzp_core.protocol.media.header import peek_level, peek_report, peek_stream_id


class Seat:
    """One member's place: takes its packets and hands them to everybody else in the room."""

    __slots__ = (
        "_counters",
        "_now",
        "_quota",
        "connection",
        "floor",
        "hear",
        "host",
        "link",
        "member",
        "on_report",
        "record",
        "room",
        "seen",
        "sends",
        "trunk",
        "voice",
        "watches",
    )

    def __init__(
        self,
        connection: ConnectionId,
        link: Link,
        room: RoomName,
        member: Member,
        config: RelayConfig,
        record: SessionRecord,
        counters: Counters,
    ) -> None:
        self.connection = connection
        self.link = link
        self.host = link.remote_address[0]  # where it came from: it may move later
        self.room = room
        self.member = member
        self.record = record
        self.hear: Callable[[bytes], bool] = link.send_media
        self.trunk: TrunkSender | None = None
        self.sends: tuple[Callable[[bytes], bool], ...] = ()
        self.on_report: Callable[[bytes], None] | None = None
        self.floor: Floor | None = None  # where only the loudest are passed on
        self.voice = Voice()
        self.watches: tuple[RoomWatch, ...] = ()
        host, port = link.remote_address
        asked = link.server_name
        shown = room_named(asked) if room_of(asked) == room else room  # by the one name where it spans relays
        self.seen = Seen(room=shown, session=record.session_id, address=f"{host}:{port}", alias=member.alias)
        self._counters = counters
        self._now = asyncio.get_running_loop().time
        self._quota = Quota(config, self._now())

    def bundle(self) -> None:
        """What this member hears comes in trunks from now on."""
        self.trunk = TrunkSender(self.link)
        self.hear = self.trunk.send

    def close(self) -> None:
        self.sends = ()
        if self.floor is not None:
            self.floor.leave(self.voice)
        if self.trunk is not None:
            self.trunk.close()

    def reconfigure(self, config: RelayConfig) -> None:
        self._quota.reconfigure(config)

    def forward(self, datagram: bytes) -> None:
        """Byte for byte, once to each other member; what the sender may not send is dropped and counted."""
        counters = self._counters
        counters.packets_received += 1
        if not self._quota.take(len(datagram), self._now()):
            counters.packets_limited += 1
            self._dropped(datagram, "limit")
            return
        judged = verdict(datagram, self.member.stream_id)
        if judged is not Verdict.FORWARD:
            counters.packets_malformed += judged is Verdict.MALFORMED
            counters.packets_foreign_stream += judged is Verdict.FOREIGN_STREAM
            self._dropped(datagram, judged.value)
            return
        report = peek_report(datagram)
        if report:
            self.record.report = report
            if self.on_report is not None:
                self.on_report(report)
        if self.floor is not None and not self._has_floor(self.floor, datagram):
            counters.packets_withheld += 1
            self._dropped(datagram, "withheld")
            return
        sent = 0
        for send in self.sends:
            sent += send(datagram)
        counters.packets_forwarded += sent
        counters.bytes_forwarded += sent * len(datagram)
        for watch in self.watches:
            watch.packet(self.seen, datagram, sent)

    def _dropped(self, datagram: bytes, reason: str) -> None:
        for watch in self.watches:
            watch.dropped(self.seen, datagram, reason)

    def _has_floor(self, floor: Floor, datagram: bytes) -> bool:
        """Older builds name neither stream nor level: they are always passed on."""
        return not peek_stream_id(datagram) or floor.passes(self.voice, peek_level(datagram), self._now())
