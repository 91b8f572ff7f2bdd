"""UDP sockets that listen, dial several peers at once and carry probes that are not QUIC."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from weakref import WeakValueDictionary

from aioquic._buffer import Buffer
from aioquic.quic import events
from aioquic.quic.configuration import SMALLEST_MAX_DATAGRAM_SIZE
from aioquic.quic.packet import pull_quic_header

from wzp_core.crypto.certificate import TlsIdentity
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.io.aioquic_media import SOONEST_PROBE_S
from wzp_core.io.aioquic_private import RESET_TOKEN_LENGTH, Connection
from wzp_core.io.flushing import Flushing
from wzp_core.io.link import KEEP_ALIVE_S, QuicLink
from wzp_core.io.quic_settings import CID_LENGTH, configuration, reset_key
from wzp_core.io.reception import SHORTEST_RESET, Reception, SharedRoom
from wzp_core.io.sockets import Port, Sockets
from wzp_core.io.udp import UdpOpener, bind_udp
from wzp_core.logs import event, logger
from wzp_core.ports import Address, InboundLimits, RawHandler, UdpPort
from wzp_core.protocol.ids import TlsFingerprint

_HALF_OPEN = 256  # inbound handshakes under way; when there are more, the oldest is given up
_HANDSHAKE_S = 10.0
_UNACCEPTED = 64
_GRANULARITY_S = 0.001  # of timers; by rounding, what was just done for a time may be due at that time still
_LOOK_S = 0.02

log = logger("quic")


class QuicEndpoint:
    """Implements `ports.Endpoint`; open it with `open_endpoint`."""

    def __init__(self, tls: TlsIdentity | None, open_socket: UdpOpener, reception: Reception | None) -> None:
        self._tls, self._reception = tls, reception
        self._reset_key = reset_key(tls)
        self._loop = asyncio.get_running_loop()
        self.own_certificate = tls.fingerprint if tls else None
        self._sockets = Sockets(open_socket, self._datagram_received)
        self._links: dict[bytes, QuicLink] = {}  # by each connection id of ours
        self._ids: dict[QuicLink, set[bytes]] = {}
        self._newest: WeakValueDictionary[Address, QuicLink] = WeakValueDictionary()  # with whoever is there
        self._dialled: set[QuicLink] = set()
        self._half_open: dict[QuicLink, float] = {}  # with their deadlines, oldest first
        self._unread = SharedRoom()
        self._accepted: asyncio.Queue[QuicLink] = asyncio.Queue(_UNACCEPTED)
        self._flushing = Flushing(self._flush, self._on_timer)
        self._raw: list[RawHandler] = []
        self.malformed_datagrams = 0
        self.packets_refused = 0
        """Of accepted links that sent more than they may."""

    @property
    def local_address(self) -> Address:
        return self._sockets.main.local_address

    @property
    def local_addresses(self) -> tuple[Address, ...]:
        return self._sockets.main_addresses

    @property
    def handshakes_refused(self) -> int:
        return self._reception.refused if self._reception else 0

    def limit_inbound(self, limits: InboundLimits) -> None:
        """From now on, also for links that are there already."""
        if self._reception is not None:
            self._reception.limits = limits
        for link in self._ids:
            if link.meter is not None:
                link.meter.limits = limits

    def accept_strangers(self, accept: bool) -> None:
        """Otherwise they get no answer."""
        if self._reception is not None:
            self._reception.is_open = accept

    async def all_heard(self, limit_s: float) -> None:
        """Returns when every peer has acknowledged all signals, or after `limit_s`."""
        deadline = self._loop.time() + limit_s
        while self._loop.time() < deadline and any(link.connection.unsent_bytes for link in self._ids):  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_S)  # what an event would cost, every packet would pay

    def bind(self, address: Address, *, both_families: bool = False) -> None:
        """A further main socket, or two. Raises Unavailable(NO_PORT)."""
        self._sockets.bind(address, both_families=both_families)

    def vouch(self, address: Address) -> None:
        if self._reception is not None:
            self._reception.vouch(address)

    @contextmanager
    def more_ports(self, count: int) -> Iterator[tuple[UdpPort, ...]]:
        with self._sockets.more(count, self._carrying) as ports:
            yield ports

    async def dial(
        self,
        address: Address,
        server_name: str,
        *,
        pin: TlsFingerprint | None = None,
        timeout_s: float = 10.0,
        via: UdpPort | None = None,
        show_certificate: bool = False,
    ) -> QuicLink:
        now = self._loop.time()
        port = via if isinstance(via, Port) else self._sockets.towards(address)
        if port is None:
            raise Unavailable(ErrorCode.UNREACHABLE, address=f"{address[0]}:{address[1]}", reason="no such network")
        shown = self._tls if show_certificate else None
        connection = Connection(configuration=configuration(shown, server_name), reset_key=self._reset_key)
        connection.connect(address, now)
        link = self._adopt(connection, address, port, now)
        self._dialled.add(link)
        self._flushing.wake(link)
        try:
            async with asyncio.timeout(timeout_s):
                await link.established()
        except (TimeoutError, Unavailable) as error:
            link.close("timeout")
            reason = error.facts.get("reason") if isinstance(error, Unavailable) else "timeout"
            raise Unavailable(ErrorCode.UNREACHABLE, address=f"{address[0]}:{address[1]}", reason=reason) from error
        except asyncio.CancelledError:
            link.close("aborted")
            raise
        if pin is not None and link.peer_certificate != pin:
            link.close("certificate changed")
            raise RemoteViolation(ErrorCode.RELAY_KEY_CHANGED, expected=pin, got=link.peer_certificate)
        return link

    async def accept(self) -> QuicLink:
        return await self._accepted.get()

    def on_raw(self, handler: RawHandler) -> Callable[[], None]:
        self._raw.append(handler)

        def forget() -> None:
            if handler in self._raw:
                self._raw.remove(handler)

        return forget

    def send_raw(self, data: bytes, address: Address) -> None:
        if (port := self._sockets.towards(address)) is not None:
            port.send_raw(data, address)

    def _raw_received(self, data: bytes, address: Address, port: Port) -> None:
        for handler in list(self._raw):
            try:
                if handler(data, address, port):
                    return
            except Exception:  # a slip of one reader costs the others nothing
                log.exception("quic:raw_handler_failed")

    def network_changed(self) -> None:
        self._sockets.network_changed()
        for link in self._ids:
            link.connection.way_changed()
            link.probe()

    def _datagram_received(self, data: bytes, address: Address, port: Port) -> None:
        """Routes one datagram by its destination connection id."""
        if not data or not data[0] & 0x40:
            if data:
                self._raw_received(data, address, port)
            return
        now = self._loop.time()
        if data[0] & 0x80:
            link = self._by_long_header(data, address, port, now)
        else:
            link = self._links.get(data[1 : 1 + CID_LENGTH])
            if link is None:
                self._unknown_short(data, address, port, now)
        if link is None:
            return
        if link.meter is not None and not link.meter.has_packets(now):
            self.packets_refused += 1
            return
        try:
            flush = link.receive(data, address, now)
        except Exception as error:  # aioquic is the parser here: its slips cost the one link, never the endpoint
            self.malformed_datagrams += 1
            self._broken(link, error)
            return
        if link in self._half_open and link.connection.heard_nothing:
            self._forget(link)  # it only looked like a first packet
            return
        if link.port is not port and link.remote_address == address:
            link.port = port  # the peer speaks to us there now
        if flush:
            self._flushing.wake(link)
        elif (due := link.connection.acknowledges_at) is not None:
            self._flushing.look_again(link, due)

    def _by_long_header(self, data: bytes, address: Address, port: Port, now: float) -> QuicLink | None:
        try:
            header = pull_quic_header(Buffer(data=data), host_cid_length=CID_LENGTH)
        except ValueError:
            self.malformed_datagrams += 1
            return None
        known = self._links.get(header.destination_cid)
        if known is not None or self._reception is None or len(data) < SMALLEST_MAX_DATAGRAM_SIZE:
            return known
        connection = self._reception.greet(
            header, address, lambda reply: port.send_raw(reply, address), under_way=len(self._half_open), now=now
        )
        if connection is None:
            return None
        if len(self._half_open) >= _HALF_OPEN:
            self._give_up(next(iter(self._half_open)))
        link = self._adopt(connection, address, port, now)
        link.meter = self._reception.meter(address, now)
        self._register(link, header.destination_cid)
        self._half_open[link] = now + _HANDSHAKE_S
        return link

    def _give_up(self, link: QuicLink) -> None:
        """Without a word: whoever it is has not shown that it listens."""
        link.end("handshake not finished")
        self._forget(link)

    def _unknown_short(self, data: bytes, address: Address, port: Port, now: float) -> None:
        """A stateless reset of a peer that restarted, or a packet for a connection that we no longer have."""
        token = data[-RESET_TOKEN_LENGTH:]
        if len(data) >= SHORTEST_RESET:
            for link in self._dialled:
                if link.connection.peer_reset_token == token:
                    link.end("peer restarted")
                    self._forget(link)
                    return
        if self._reception is not None:
            self._reception.reset(data, lambda reply: port.send_raw(reply, address), now)

    def _adopt(self, connection: Connection, address: Address, port: Port, now: float) -> QuicLink:
        if (before := self._newest.get(address)) is not None:
            connection.learn_from(before.connection)
        link = QuicLink(
            connection,
            port=port,
            wake=self._flushing.wake,
            wake_for_media=self._flushing.wake_for_media,
            now=now,
            unread=self._unread,
        )
        self._ids[link] = set()
        self._newest[address] = link
        self._register(link, connection.host_cid)
        return link

    def _register(self, link: QuicLink, connection_id: bytes) -> None:
        self._links[connection_id] = link
        self._ids[link].add(connection_id)

    def _carrying(self) -> set[Port]:
        return {link.port for link in self._ids}

    def _forget(self, link: QuicLink) -> None:
        for connection_id in self._ids.pop(link, ()):
            self._links.pop(connection_id, None)
        self._dialled.discard(link)
        self._half_open.pop(link, None)
        self._flushing.forget(link)
        self._sockets.release(self._carrying)

    def _flush(self, link: QuicLink, now: float) -> None:
        if link not in self._ids:
            return
        try:
            self._write(link, now)
        except Exception as error:  # as above: the other links of this turn are to be flushed still
            self._broken(link, error)

    def _broken(self, link: QuicLink, error: Exception) -> None:
        event(log, "quic:broken_link", level=logging.ERROR, peer=link.remote_address[0], error=repr(error))
        link.end("internal error")
        self._forget(link)

    def _write(self, link: QuicLink, now: float) -> None:
        connection = link.connection
        link.drop_stale_media(now)
        before = len(connection.datagrams_waiting)
        packets = connection.media_to_send(now)
        if packets is not None:
            address, port = connection.active_address, link.port
            for data in packets:
                port.send_raw(data, address)
        else:
            self._events(link)
            long_way = connection.datagrams_to_send(now)
            for data, address in long_way:
                link.port.send_raw(data, address)
            if (reason := connection.close_reason) is not None:
                link.end(reason)
                self._half_open.pop(link, None)
        if link.meter is not None:
            link.meter.sent(len(long_way if packets is None else packets))
        link.note_sent(before, now)
        if packets is None or not self._flushing.looks_by(link, now + SOONEST_PROBE_S):
            self._arm(link, now, connection.get_timer())

    def _events(self, link: QuicLink) -> None:
        while (happened := link.connection.next_event()) is not None:
            if isinstance(happened, events.ConnectionIdIssued):
                self._register(link, happened.connection_id)
            elif isinstance(happened, events.ConnectionIdRetired):
                self._links.pop(happened.connection_id, None)
                self._ids[link].discard(happened.connection_id)
            else:
                link.take(happened)
        if link in self._half_open and link.is_established:
            del self._half_open[link]
            try:
                self._accepted.put_nowait(link)
            except asyncio.QueueFull:
                link.close("busy")

    def _arm(self, link: QuicLink, now: float, due: float | None) -> None:
        """`due`: what its connection has said."""
        if due is None:
            self._forget(link)
            return
        if link in self._half_open:
            due = min(due, self._half_open[link])
        if not link.closed and link.keep_alive_at < due:
            due = link.keep_alive_at
        soonest = now + _GRANULARITY_S
        self._flushing.look_again(link, due if due > soonest else soonest)

    def _on_timer(self, link: QuicLink) -> None:
        now = self._loop.time()
        if link in self._half_open and self._half_open[link] <= now:
            self._give_up(link)
            return
        due = link.connection.get_timer()
        if due is not None and now < due and now < link.keep_alive_at:
            self._arm(link, now, due)  # it has moved since
            return
        if due is not None and now >= due:
            try:
                link.connection.handle_timer(now)
            except Exception as error:  # as above
                self._broken(link, error)
                return
        if now >= link.keep_alive_at:
            link.keep_alive_at = now + KEEP_ALIVE_S
            if link.is_established and not link.closed and not link.close_if_stuck(now) and link.needs_keeping(now):
                link.connection.send_ping(0)
        self._flush(link, now)

    def close(self) -> None:
        """Says goodbye on every link and closes the sockets."""
        now = self._loop.time()
        for link in list(self._ids):
            link.close("shutdown")
            for data, address in link.connection.datagrams_to_send(now) * 4:  # nobody will be here to repeat it
                link.port.send_raw(data, address)
        for link in list(self._ids):
            self._forget(link)
        self._sockets.close()


@asynccontextmanager
async def open_endpoint(
    bind: Address,
    tls: TlsIdentity | None = None,
    *,
    open_socket: UdpOpener = bind_udp,
    both_families: bool = False,
    asks_certificate_for: frozenset[str] = frozenset(),
    is_wary: bool = False,
) -> AsyncIterator[QuicEndpoint]:
    """An endpoint on `bind` that accepts links when it has a certificate. Raises Unavailable(NO_PORT).

    `both_families`: on the port of the other family too, where the machine has that; a port that was not asked for
    by number may be another one there.
    `asks_certificate_for`: server names whose diallers are asked for a certificate; they need not have one.
    `is_wary`: strangers prove their address, a round trip more for them, before they get more than they sent.
    """
    reception = None
    if tls is not None:
        reception = Reception(
            configuration(tls),
            reset_key(tls),
            asks_certificate_for,
            is_wary=is_wary,
            now=asyncio.get_running_loop().time(),
        )
    endpoint = QuicEndpoint(tls, open_socket, reception)
    try:
        endpoint.bind(bind, both_families=both_families)
        yield endpoint
    finally:
        endpoint.close()
