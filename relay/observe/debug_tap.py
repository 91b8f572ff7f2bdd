"""Log lines about every packet and event of one room, or of all (relay.md §15)."""

from collections.abc import Callable
from typing import Final

from relay.observe.room_watch import Seen
from wzp_core.crypto.rooms import room_hash, server_name
from wzp_core.limits import Bucket, Rate
from wzp_core.logs import event, logger
from wzp_core.protocol.ids import RoomName
from wzp_core.protocol.media.header import MediaHeader
from wzp_core.protocol.media.sequence import extend
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.quality import QualityDirective
from wzp_core.protocol.signal.room import RoomUpdate

log = logger("debug_tap")

EVERY_ROOM: Final = "*"
STATS_S: Final = 5.0
_LINES: Final = Rate(per_s=200.0, burst=1000.0)


class DebugTap:
    """Watches nothing until it is pointed at a room. Lines above 200 a second are left out and counted."""

    def __init__(self, room: str, now: Callable[[], float]) -> None:
        self._now = now
        self._lines = Bucket(_LINES, now())
        self._omitted = 0
        self._seen: dict[Seen, tuple[int, int, int]] = {}  # packets, copies and gaps at the last statistics
        self.point_at(room)

    def point_at(self, room: str) -> None:
        """By the name that people type or its hash; empty is nowhere, `*` is everywhere."""
        name = room.strip().lower()
        self._everywhere = name == EVERY_ROOM
        self._rooms = {name, str(server_name(name)), room_hash(name)} if name else set()

    def watches(self, room: RoomName) -> bool:
        return self._everywhere or room in self._rooms

    def joined(self, who: Seen) -> None:
        self._seen[who] = (who.packets, who.forwarded, who.gaps)
        _event("join", who, "alias", who.alias or "?")

    def left(self, who: Seen) -> None:
        self._seen.pop(who, None)
        _event("leave", who, "forwarded", who.forwarded)

    def packet(self, who: Seen, datagram: bytes, fan_out: int) -> None:
        header = MediaHeader.decode(datagram)
        who.packets += 1
        who.forwarded += fan_out
        who.codecs.add(header.codec.wire_name)
        number = header.sequence if who.newest is None else extend(header.sequence, who.newest)
        if who.newest is None or number > who.newest:
            who.gaps += who.newest is not None and number > who.newest + 1
            who.newest = number
        if not self._lines.take(_LINES, self._now()):
            self._omitted += 1
            return
        event(
            log,
            "TAP",
            room=who.room,
            dir="in",
            addr=who.address,
            seq=header.sequence,
            codec=header.codec.wire_name,
            ts=header.timestamp_ms,
            fec_block=header.fec_block,
            fec_sym=header.fec_symbol,
            repair=header.repair,
            len=len(datagram),
            fan_out=fan_out,
        )

    def dropped(self, who: Seen, datagram: bytes, reason: str) -> None:
        if self._lines.take(_LINES, self._now()):
            event(log, "TAP DROP", room=who.room, addr=who.address, reason=reason, len=len(datagram))
        else:
            self._omitted += 1

    def told(self, room: RoomName, message: SignalMessage) -> None:
        match message:
            case RoomUpdate(count=count, participants=participants):
                names = ",".join(each.alias or "?" for each in participants)
                event(log, "TAP SIGNAL", room=room, kind="RoomUpdate", count=count, participants=names)
            case QualityDirective(recommended_profile=profile, reason=reason):
                codec = profile.codec.wire_name
                event(log, "TAP SIGNAL", room=room, kind="QualityDirective", codec=codec, reason=reason)
            case _:
                event(log, "TAP SIGNAL", room=room, kind=type(message).__name__)

    def statistics(self) -> None:
        """Of every participant since the last time, `STATS_S` ago."""
        omitted, self._omitted = self._omitted, 0
        for who, (packets, forwarded, gaps) in self._seen.items():
            self._seen[who] = (who.packets, who.forwarded, who.gaps)
            came = who.packets - packets
            event(
                log,
                "TAP STATS",
                room=who.room,
                participant=who.session,
                period=f"{STATS_S:.0f}s",
                in_pkts=came,
                out_pkts=who.forwarded - forwarded,
                fan_out_avg=f"{(who.forwarded - forwarded) / came if came else 0:.1f}",
                seq_gaps=who.gaps - gaps,
                codecs_seen=",".join(sorted(who.codecs)) or "-",
                lines_omitted=omitted,
            )


def _event(what: str, who: Seen, key: str, value: object) -> None:
    facts = {"participant": who.session, "addr": who.address, key: value}
    log.info("TAP EVENT room=%s event=%s%s", who.room, what, "".join(f" {name}={fact}" for name, fact in facts.items()))
