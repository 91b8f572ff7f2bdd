"""The links with other relays: who is linked, how well, and what they signal."""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import replace

from relay.config import RelayConfig
from relay.decide.admission import per_minute
from relay.decide.calls import CallRegistry
from relay.decide.effects import ConnectionId, Cut
from relay.decide.federation import Federation
from relay.decide.forwarding import Forwarder
from relay.decide.global_names import LOBBY_PARTS, is_lobby, lobby_part
from relay.decide.peers import PeerLink, PeerLinks, Peers, trusted_block
from relay.decide.presence import Hub
from relay.decide.rooms import Rooms, call_of
from relay.edge.global_media import GlobalMedia
from relay.edge.outbox import ListPump, Outbox
from relay.edge.room_plane import RoomPlane
from relay.edge.signal_plane import SignalPlane
from relay.observe.counters import FederationCounters, PeerStats
from relay.observe.event_log import EventLog
from wzp_core.crypto.rooms import room_hash
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.limits import Buckets, Rate
from wzp_core.logs import event, logger
from wzp_core.ports import Link
from wzp_core.protocol.ids import Fingerprint, RoomName, TlsFingerprint
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.call import DirectCallOffer
from wzp_core.protocol.signal.federation import (
    FederatedSignalForward,
    FederationHello,
    GlobalRoomActive,
    GlobalRoomInactive,
)
from wzp_core.protocol.signal.room import RoomParticipant

log = logger("relay")

_TICK_S = 1.0
_QUIET_S = 4.0
_YIELDS = Rate(per_s=0.2, burst=20)
_SILENT_LIMIT_S = 15.0  # relay.md §9.4; an idle link answers the probes that it is sent every second
_STRANGERS = Rate(per_s=1 / 600, burst=1)  # log lines about one of them
_MOST_STRANGERS = 100


class FederationPlane:
    """All that the relay knows of its links with others."""

    def __init__(
        self,
        config: RelayConfig,
        own: TlsFingerprint,
        *,
        hub: Hub,
        rooms: Rooms,
        calls: CallRegistry,
        signal_plane: SignalPlane,
        room_plane: RoomPlane,
        events: EventLog | None,
        outbox: Outbox,
    ) -> None:
        self.counters = FederationCounters()
        self.peers = Peers(own, config.peers, config.trusted, trust_hello=config.federation_trust_hello)
        self.hello = FederationHello(tls_fingerprint=own, instance=int.from_bytes(os.urandom(8), "big"))
        self._outbox = outbox
        self._hub, self._calls, self._signal_plane = hub, calls, signal_plane
        self._rooms, self._room_plane = rooms, room_plane
        self._federation = Federation(own, config.global_rooms, self._here, room_plane.allows)
        self._forwarder = Forwarder(own, self._federation)
        self._media = GlobalMedia(self._federation, self.counters, room_plane.deliver, events)
        self._lists = ListPump(self._federation, outbox)
        self._links = PeerLinks(own)
        self._open: dict[ConnectionId, tuple[Link, TlsFingerprint]] = {}
        self._stats: dict[TlsFingerprint, PeerStats] = {}
        self._gone: dict[TlsFingerprint, asyncio.Event] = {}
        self._list()
        self._strangers: Buckets[str] = Buckets(most_keys=_MOST_STRANGERS)
        self._yields: Buckets[RoomName] = Buckets()
        self._offers: Buckets[Fingerprint] = Buckets()
        self._offer_rate = per_minute(config.offers_per_minute)
        self._loop = asyncio.get_running_loop()
        rooms.elsewhere, room_plane.beyond = self._federation, self
        hub.elsewhere, signal_plane.beyond = self._federation, self
        calls.elsewhere = outbox.elsewhere = self._forwarder

    @property
    def active_rooms(self) -> int:
        return self._federation.active_rooms

    def stats(self) -> tuple[PeerStats, ...]:
        return tuple(replace(each) for each in self._stats.values())

    def reconfigure(self, config: RelayConfig) -> None:
        """Links with relays that are no longer listed end."""
        self._offer_rate = per_minute(config.offers_per_minute)
        self.peers.configure(config.peers, config.trusted, trust_hello=config.federation_trust_hello)
        self._list()
        for link, peer in list(self._open.values()):
            if peer not in self.peers.labels:
                link.close("not trusted any more")
        changed = self._federation.span(config.global_rooms)
        for room in changed:  # whoever is in one joins anew, under the name and an id that hold on all relays
            self._room_plane.vacate(room)
            self._room_plane.vacate(RoomName(room_hash(room)))
        self._refresh(changed)
        for room in (*self._rooms, *LOBBY_PARTS):
            if self.canonical(room) is not None:
                self._federation.members_changed(room, occupied=bool(self._here(room)))

    def _list(self) -> None:
        """An entry for each relay that is configured, or is still linked."""
        labels = self.peers.labels
        for peer, label in labels.items():
            self._stats.setdefault(peer, PeerStats(label=label, fingerprint=peer)).label = label
            self._gone.setdefault(peer, asyncio.Event())
        linked = {peer for _, peer in self._open.values()}
        for peer in self._stats.keys() - labels.keys() - linked:
            del self._stats[peer], self._gone[peer]

    async def unlinked(self, peer: TlsFingerprint) -> None:
        """Returns when there is no link with that relay."""
        while self._links.of(peer) is not None:
            self._gone[peer].clear()
            await self._gone[peer].wait()

    def enter(self, link: Link, peer: TlsFingerprint, *, is_dialled: bool, instance: int | None) -> ConnectionId:
        """Raises RemoteViolation(BUSY) where another link with that relay is better."""
        connection = self._outbox.adopt(link)
        entering = PeerLink(connection=connection, peer=peer, is_dialled=is_dialled, instance=instance)
        try:
            self._outbox.perform(self._links.enter(entering))
        except RemoteViolation:
            self._outbox.release(connection)
            raise
        stats = self._stats[peer]
        self._open[connection] = link, peer
        stats.up = True
        self._federation.link_up(connection, peer, stats.label)
        self._forwarder.link_up(connection, is_older=instance is None)
        self._media.link_up(connection, link, stats)
        self._lists.run()
        event(log, "relay:peer_linked", peer=stats.label, dialled=is_dialled, address=link.remote_address)
        return connection

    def leave(self, connection: ConnectionId) -> None:
        self._outbox.release(connection)
        _, peer = self._open.pop(connection)
        self._media.link_down(connection)
        self._forwarder.link_down(connection)
        self._refresh(self._federation.link_down(connection))
        self._outbox.perform(self._calls.recheck(self._loop.time()))
        if self._links.leave(connection, peer):
            stats = self._stats[peer]
            stats.up, stats.rtt_ms = False, 0.0
            self._gone[peer].set()
            event(log, "relay:peer_gone", level=logging.WARNING, peer=stats.label)
        self._list()

    def handle(self, connection: ConnectionId, message: SignalMessage) -> None:
        """Acts on what a linked relay says; what breaks the rules is counted and otherwise ignored."""
        _, peer = self._open[connection]
        current = self._links.of(peer)
        if current is None or current.connection != connection:
            return  # last words of a link that was replaced
        try:
            match message:
                case FederationHello(instance=instance):
                    self._links.introduced(connection, peer, instance)
                    self._forwarder.link_up(connection, is_older=instance is None)
                case GlobalRoomActive() | GlobalRoomInactive():
                    room = self._federation.hear(connection, message)
                    self._refresh([] if room is None else [room])
                case FederatedSignalForward():
                    self._take(connection, message)
        except RemoteViolation as error:
            self.counters.signals_refused += 1
            event(log, "relay:peer_refused", level=logging.WARNING, peer=self._stats[peer].label, error=error)

    def _take(self, connection: ConnectionId, forward: FederatedSignalForward) -> None:
        """Raises RemoteViolation for what no honest relay sends."""
        target, now = self._forwarder.target(forward), self._loop.time()
        is_ours = target is not None and self._calls.is_home_of(target)
        arrived = self._forwarder.receive(connection, forward, is_ours=is_ours)
        if isinstance(arrived, list):
            self._outbox.perform(arrived)
            return
        sender = self._calls.speaker(arrived.message)
        if sender is None:
            return  # of a call that is over
        if arrived.sender not in (None, sender) or not self._forwarder.may_speak(connection, sender):
            raise RemoteViolation(ErrorCode.WRONG_IDENTITY, what="sender of a forwarded signal", sender=sender)
        if isinstance(arrived.message, DirectCallOffer) and not self._offers.take(sender, self._offer_rate, now):
            raise RemoteViolation(ErrorCode.LIMIT, what="offers per minute", sender=sender)
        if self._forwarder.is_refusal(connection, arrived) and self._calls.rings(arrived.message.call_id):
            return  # the offer went out again, by a way that the callee's relay has just left; it may be back soon
        self._forwarder.learn(connection, sender)
        self._outbox.perform(self._calls.handle_elsewhere(sender, arrived.message, now))

    def stranger(self, fingerprint: TlsFingerprint | None, host: str) -> None:
        """Tells the operator, now and then, how to let that relay in."""
        if not self._strangers.take(fingerprint or host, _STRANGERS, self._loop.time()):
            return
        if fingerprint is None:
            advice = "it shows no certificate, as relays of older builds; only federation_trust_hello lets those in"
            log.warning("relay:peer_unproven host=%s: %s", host, advice)
        else:
            log.warning("relay:peer_unknown host=%s; to trust it, configure:\n%s", host, trusted_block(fingerprint))

    async def keep_time(self) -> None:
        """Watches over the links; runs until cancelled."""
        while True:
            await asyncio.sleep(_TICK_S)
            for connection, (link, peer) in list(self._open.items()):
                found = link.stats()
                self._stats[peer].rtt_ms = found.rtt_ms
                self._refresh(self._federation.set_quiet(connection, found.silent_s > _QUIET_S))
                if found.silent_s > _SILENT_LIMIT_S:
                    link.close("silent")
                else:
                    link.probe()

    def close(self) -> None:
        self._lists.close()

    # --- for the rooms -----------------------------------------------------------------------------------------

    def one_name(self, room: RoomName) -> RoomName:
        """By which all meet, whatever they asked by, also those who came before the first relay was linked."""
        return self._federation.canonical(room) or room

    def canonical(self, name: str) -> RoomName | None:
        """Without other relays no room spans relays, and packets pay nothing for it."""
        return self._federation.canonical(name) if self._stats else None

    def spans(self, room: RoomName) -> bool:
        """Whether somebody on another relay is or may come in: of calls, as far as is known, only in some."""
        name = self.canonical(room)
        if name is None or (call_id := call_of(name)) is None:
            return name is not None
        return not self._calls.is_all_here(call_id) or bool(self._federation.guests(name))

    def egress(self, room: RoomName) -> Callable[[bytes], bool] | None:
        return self._media.egress(room) if self.canonical(room) is not None else None

    def members_changed(self, room: RoomName) -> None:
        self._federation.members_changed(room, occupied=bool(self._rooms.members(room)))
        self._meet(room)
        self._lists.run()

    def client_changed(self, who: Fingerprint) -> None:
        """A client of ours has registered or left."""
        if self._stats:
            part = lobby_part(who)
            self._federation.members_changed(part, occupied=self._hub.has_any_in(part))
            self._lists.run()

    def _here(self, room: RoomName) -> tuple[RoomParticipant, ...]:
        return self._hub.participants(room) if is_lobby(room) else self._rooms.participants(room)

    def _refresh(self, rooms: Iterable[RoomName]) -> None:
        """Tells everybody whom it concerns that these rooms have other members elsewhere."""
        for room in rooms:
            if is_lobby(room):
                self._signal_plane.refresh()
                self._outbox.perform(self._calls.recheck(self._loop.time()))
            else:
                self._room_plane.refresh(room)
                self._part_namesakes(room)
                self._meet(room)
        self._lists.run()

    def _meet(self, room: RoomName) -> None:
        """After a start of this relay the room of a call tells who its parties are."""
        if (call_id := call_of(room)) is not None:
            for who, guest in self._federation.participants(room).items():
                self._outbox.perform(self._calls.meet(call_id, who, guest.stream_id, self._loop.time()))

    def _part_namesakes(self, room: RoomName) -> None:
        """Lets members whose stream id is taken elsewhere join anew, under another; not as often as a liar likes."""
        yielding = self._federation.yielding(room)
        for connection, member in self._rooms.members(room).items():
            if member.fingerprint in yielding and self._yields.take(room, _YIELDS, self._loop.time()):
                self._outbox.perform([Cut(connection, "stream id taken")])
