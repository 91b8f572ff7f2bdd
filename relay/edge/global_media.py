"""Media of rooms that span relays, over the links with them (relay.md §9.5, §9.6)."""

import asyncio
from collections.abc import Callable

from relay.decide.effects import ConnectionId
from relay.decide.federation import Federation
from relay.decide.ingress import SHORTEST, TAG_BYTES, RoomRates, Seen
from relay.observe.counters import FederationCounters, PeerStats
from relay.observe.event_log import EventLog
from wzp_core.crypto.rooms import federation_tag
from wzp_core.ports import Link
from wzp_core.protocol.ids import RoomName
from wzp_core.protocol.media.header import peek_stream_id, well_formed

Deliver = Callable[[RoomName, bytes], int]
"""To all our members; returns to how many."""


class GlobalMedia:
    """The way in and the way out; each link's own bounded queue drops the oldest where it cannot keep up."""

    def __init__(
        self, federation: Federation, counters: FederationCounters, deliver: Deliver, events: EventLog | None
    ) -> None:
        self._federation = federation
        self._events = events
        self._counters = counters
        self._deliver = deliver
        self._links: dict[ConnectionId, tuple[Link, PeerStats]] = {}
        self._seen = Seen()
        self._rates = RoomRates()
        self._now = asyncio.get_running_loop().time

    def link_up(self, connection: ConnectionId, link: Link, stats: PeerStats) -> None:
        self._links[connection] = link, stats
        link.on_media(lambda datagram: self._take(connection, stats, datagram))

    def link_down(self, connection: ConnectionId) -> None:
        self._links.pop(connection, None)

    def egress(self, room: RoomName) -> Callable[[bytes], bool]:
        """Takes well-formed packets of our own members; they are counted by link, so it returns False."""
        tag, onward = federation_tag(room), self._federation.onward

        def send(datagram: bytes) -> bool:
            if links := onward(room, peek_stream_id(datagram), None):
                tagged = tag + datagram
                self._seen.is_new(tagged, self._now())  # so that a copy that comes back goes nowhere
                self._send(links, tagged)
            return False

        return send

    def _take(self, source: ConnectionId, stats: PeerStats, tagged: bytes) -> None:
        counters, now = self._counters, self._now()
        packet = tagged[TAG_BYTES:]
        if len(tagged) < SHORTEST or not well_formed(packet):
            counters.packets_malformed += 1
            self._note("federation_ingress_malformed", packet, stats)
            return
        self._note("federation_ingress", packet, stats)
        stats.packets_in += 1
        room = self._federation.room_tagged(tagged[:TAG_BYTES])
        stream_id = peek_stream_id(packet)
        if room is None or source not in self._links:
            counters.packets_without_room += 1
            self._note("room_not_found", packet, stats)
        elif not self._federation.admits(source, room, stream_id):
            counters.packets_foreign_stream += 1
            self._note("foreign_stream_drop", packet, stats, room=room)
        elif not self._seen.is_new(tagged, now):
            counters.packets_deduped += 1
            self._note("dedup_drop", packet, stats)
        elif not self._rates.take(room, now):
            counters.packets_rate_limited += 1
            self._note("rate_limit_drop", packet, stats, room=room)
        else:
            self._note("local_deliver", packet, stats, room=room, to_count=self._deliver(room, packet))
            self._send(self._federation.onward(room, stream_id, source), tagged)

    def _note(self, name: str, packet: bytes, peer: PeerStats, **fields: object) -> None:
        if self._events is not None:
            self._events.write(name, packet, peer=peer.label, **fields)

    def _send(self, links: tuple[ConnectionId, ...], tagged: bytes) -> None:
        for connection in links:
            link, stats = self._links[connection]
            stats.packets_out += link.send_media(tagged)
