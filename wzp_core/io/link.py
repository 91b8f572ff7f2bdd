"""One QUIC connection: signals on streams of their own, media in datagrams that expire."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from aioquic.quic import events
from aioquic.quic.packet import QuicErrorCode

from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.io.aioquic_private import Connection
from wzp_core.io.reception import Meter, SharedRoom
from wzp_core.io.sockets import Port
from wzp_core.logs import event, logger
from wzp_core.ports import Address, LinkStats
from wzp_core.protocol.ids import TlsFingerprint, parse_tls_fingerprint
from wzp_core.protocol.signal.base import SignalMessage, UnknownSignal
from wzp_core.protocol.signal.codec import decode, encode
from wzp_core.protocol.signal.framing import FrameReader, frame

LONGEST_DATAGRAM = 1170  # what fits a 1200-byte packet; a longer one would block aioquic's queue for ever
KEEP_ALIVE_S = 5.0
_MEDIA_QUEUE = 128
_MEDIA_LIFETIME_S = 0.2  # later than this a frame is of no use to any jitter buffer
_EARLY_MEDIA = 64
_UNREAD_SIGNALS = 256
_UNREAD_BYTES = 4 << 20  # of signals still arriving, or waiting for an earlier one or a reader
_UNFINISHED_S = 30.0  # for a signal to arrive that later ones wait for
_UNHEEDED_S = 20.0  # without an acknowledgement
_OPEN_STREAMS = 512  # ours that the peer has not taken yet
_UNSENT_BYTES = 4 << 20
_LONGEST_BUILD = 256
_REFUSALS_LOGGED = 5

_Signal: TypeAlias = tuple[SignalMessage | None, int]  # with the bytes it came in; None for one that was refused

log = logger("link")


class _Newest:
    """A list goes to many links one after the other and is encoded once."""

    message: SignalMessage | None = None
    framed = b""


def _framed(message: SignalMessage) -> bytes:
    if message is not _Newest.message:
        _Newest.framed = frame(encode(message))
        _Newest.message = message
    return _Newest.framed


class QuicLink:
    """Implements `ports.Link` over one sans-IO connection; the endpoint feeds it and flushes it."""

    def __init__(
        self,
        connection: Connection,
        *,
        port: Port,
        wake: Callable[["QuicLink"], None],
        wake_for_media: Callable[["QuicLink"], None],
        now: float,
        unread: SharedRoom,
    ) -> None:
        self.connection = connection
        self.port = port  # the socket on which the peer speaks to us
        self._wake = wake  # asks the endpoint for a flush at the end of this loop turn
        self._wake_for_media = wake_for_media  # and this for one soon
        self.media_due = False  # the endpoint has been asked
        self.media_sent_at = float("-inf")
        self._waiting = connection.datagrams_waiting
        self._loop = asyncio.get_running_loop()
        self._established: asyncio.Future[None] = self._loop.create_future()
        self._ended: asyncio.Future[str] = self._loop.create_future()
        self._readers: dict[int, FrameReader] = {}
        self.meter: Meter | None = None  # of links that others have dialled
        self._all_unread = unread
        self._unread_bytes = 0
        self._done: dict[int, _Signal] = {}  # complete, but an earlier stream is not
        self._advanced_at = now  # when there was last nothing, or something new, in order
        self._next_stream = 1 if connection.configuration.is_client else 0
        self._signals: deque[_Signal] = deque()
        self._signal_came = asyncio.Event()
        self._build: asyncio.Future[bytes] = self._loop.create_future()
        self._build_part = b""
        self._media_deadlines: deque[float] = deque()
        self._media_handler: Callable[[bytes], None] | None = None
        self._early_media: deque[bytes] = deque(maxlen=_EARLY_MEDIA)
        self._media_sent = self._media_received = self._media_dropped = 0
        self._signals_received = self._signals_refused = 0
        self._heard_at, self._sent_when_heard = now, 0
        self._largest_acked, self._heeded_at = 0, now  # when it was last seen to have grown
        self._awaited_since: float | None = None  # when something was sent that nothing older still waited for
        self.keep_alive_at = now + KEEP_ALIVE_S

    # --- what users of a link see ------------------------------------------------------------------------------

    @property
    def server_name(self) -> str:
        return self.connection.server_name

    @property
    def remote_address(self) -> Address:
        address = self.connection.get_peer_address()
        return (str(address[0]), int(address[1])) if address else ("", 0)

    @property
    def peer_certificate(self) -> TlsFingerprint | None:
        fingerprint = self.connection.peer_certificate_sha256
        return None if fingerprint is None else parse_tls_fingerprint(fingerprint.hex())

    @property
    def closed(self) -> bool:
        return self._ended.done()

    def send_signal(self, message: SignalMessage) -> None:
        if self.closed:
            raise Unavailable(ErrorCode.LINK_CLOSED, reason=self._ended.result())
        if self.connection.open_streams >= _OPEN_STREAMS or self.connection.unsent_bytes > _UNSENT_BYTES:
            raise Unavailable(ErrorCode.LIMIT, what="signals the peer has not read")
        stream = self.connection.get_next_available_stream_id()
        self.connection.send_stream_data(stream, _framed(message), end_stream=True)
        self._wake(self)

    async def receive_signal(self) -> SignalMessage:
        while not self._signals:
            if self.closed:
                raise Unavailable(ErrorCode.LINK_CLOSED, reason=self._ended.result())
            self._signal_came.clear()
            await self._signal_came.wait()
        message, length = self._signals.popleft()
        self._let_go(length)
        assert message is not None  # noqa: S101  # for mypy: only messages are put there
        return message

    def send_media(self, datagram: bytes) -> bool:
        waiting = self._waiting
        if len(datagram) > LONGEST_DATAGRAM or self._ended.done() or not self.connection.takes_datagrams:
            self._media_dropped += 1
            return False
        if len(waiting) >= _MEDIA_QUEUE:
            waiting.popleft()
            if self._media_deadlines:
                self._media_deadlines.popleft()
            self._media_dropped += 1
        waiting.append(datagram)
        if not self.media_due:
            self._wake_for_media(self)
        return True

    def on_media(self, handler: Callable[[bytes], None]) -> None:
        self._media_handler = handler
        while self._early_media:
            handler(self._early_media.popleft())

    def lift_limits(self) -> None:
        """The peer is one of ours: it may send as much as it likes."""
        self.meter = None

    def send_build(self, build: bytes) -> None:
        """Answers SNI `version`: raw bytes on one unidirectional stream (transport.md §3)."""
        stream = self.connection.get_next_available_stream_id(is_unidirectional=True)
        self.connection.send_stream_data(stream, build[:_LONGEST_BUILD], end_stream=True)
        self._wake(self)

    async def receive_build(self) -> bytes:
        """What the peer sent by `send_build`, at most 256 bytes; raises Unavailable(LINK_CLOSED)."""
        return await asyncio.shield(self._build)

    def stats(self) -> LinkStats:
        sent, lost = self.connection.packet_counts
        awaited_since = self._awaited_since if self.connection.awaits_acknowledgement else None
        silent_s = 0.0 if awaited_since is None else self._loop.time() - max(self._heard_at, awaited_since)
        return LinkStats(
            rtt_ms=self.connection.rtt_s * 1000,
            first_kbit_s=self.connection.first_kbit_s,
            sent_packets=sent,
            lost_packets=lost,
            silent_s=silent_s,
            unanswered=sent - self._sent_when_heard,
            media_sent=self._media_sent,
            media_received=self._media_received,
            media_dropped=self._media_dropped,
            signals_received=self._signals_received,
            signals_refused=self._signals_refused,
            unheard_bytes=self.connection.unsent_bytes,
        )

    def probe(self) -> None:
        if not self.closed:
            self.connection.send_ping(0)
            self._wake(self)

    def close(self, reason: str = "normal close") -> None:
        if not self.closed:
            self.connection.close(error_code=QuicErrorCode.NO_ERROR, reason_phrase=reason)
            self._wake(self)
            self.end(reason)

    async def wait_closed(self) -> str:
        return await asyncio.shield(self._ended)

    # --- what the endpoint does with it ------------------------------------------------------------------------

    async def established(self) -> None:
        """Returns when the handshake is complete; raises Unavailable(UNREACHABLE) when it failed."""
        await asyncio.shield(self._established)

    @property
    def is_established(self) -> bool:
        return self._established.done() and self._established.exception() is None

    def receive(self, data: bytes, address: Address, now: float) -> bool:
        """Takes one packet; whether a flush has to follow."""
        before = self.connection.genuine_packets
        media = self.connection.receive_media(data, address, now)
        if media is None:
            self.connection.receive_datagram(data, address, now)
        genuine = self.connection.genuine_packets - before
        if genuine:  # what is refused, as from an acceptor that moved, is no sign of life
            self._heard_at, self._sent_when_heard = now, self.connection.sent_packets
            if self.meter is not None:
                self.meter.received(genuine, now)
        if media is None:
            return True
        for datagram in media:
            self._take_media(datagram)
        if not self.connection.awaits_acknowledgement:
            self._awaited_since = None
        return self.connection.has_more_to_say

    def needs_keeping(self, now: float) -> bool:
        """Whether nothing came for long; acceptors leave the asking to those who dialled, as long as they do it."""
        return now - self._heard_at >= (KEEP_ALIVE_S / 2 if self.connection.configuration.is_client else KEEP_ALIVE_S)

    def close_if_stuck(self, now: float) -> bool:
        """Whether the peer holds something up that would have to be kept for ever."""
        if not (self._done or self.connection.has_stream(self._next_stream)):
            self._advanced_at = now
        if now - self._advanced_at > _UNFINISHED_S:
            self.close("unfinished signal")
        if self.connection.largest_acked != self._largest_acked:
            self._largest_acked, self._heeded_at = self.connection.largest_acked, now
        if self._awaited_since is not None and now - max(self._heeded_at, self._awaited_since) > _UNHEEDED_S:
            self.close("acknowledges nothing")
        return self.closed

    def drop_stale_media(self, now: float) -> None:
        """Before a flush: what the congestion window has held back for too long."""
        while self._media_deadlines and self._media_deadlines[0] < now:
            self._media_deadlines.popleft()
            self._waiting.popleft()
            self._media_dropped += 1

    def note_sent(self, before: int, now: float) -> None:
        """After a flush that found so many datagrams: what no longer waits has left."""
        self.media_due = False
        if not self.connection.awaits_acknowledgement:
            self._awaited_since = None
        elif self._awaited_since is None:
            self._awaited_since = now
        still = len(self._waiting)
        if still < before:
            self._media_sent += before - still
            self.media_sent_at = now
        if still or self._media_deadlines:
            for _ in range(len(self._media_deadlines) - still):
                self._media_deadlines.popleft()
            self._media_deadlines.extend([now + _MEDIA_LIFETIME_S] * (still - len(self._media_deadlines)))

    def take(self, happened: events.QuicEvent) -> None:
        """Acts on one event of the connection."""
        match happened:
            case events.DatagramFrameReceived(data=data):
                self._take_media(data)
            case events.StreamDataReceived(stream_id=stream, data=data, end_stream=end):
                self._stream_data(stream, data, end)
            case events.StreamReset(stream_id=stream) if not self._is_ours(stream):
                self._finish_stream(stream, None)
            case events.HandshakeCompleted():
                if not self._established.done():
                    self._established.set_result(None)
            case events.ConnectionTerminated(reason_phrase=reason, error_code=code):
                self.end(reason or f"error {code:#x}")

    def end(self, reason: str) -> None:
        """The connection is over for everybody who uses it, whatever QUIC still does to drain it."""
        if self.closed:
            return
        self._ended.set_result(reason)
        self._signal_came.set()
        gone = Unavailable(ErrorCode.LINK_CLOSED, reason=reason)
        for future in (self._build, self._established):
            if not future.done():
                future.set_exception(gone)
                future.exception()  # whoever waits sees it; nobody has to
        self._media_handler = None
        self._early_media.clear()
        self._readers.clear()
        self._done.clear()
        self._let_go(self._unread_bytes - sum(length for _, length in self._signals))

    def _take_media(self, datagram: bytes) -> None:
        self._media_received += 1
        if self._media_handler is not None:
            self._media_handler(datagram)
        else:
            self._early_media.append(datagram)

    # --- streams -----------------------------------------------------------------------------------------------

    def _stream_data(self, stream: int, data: bytes, end: bool) -> None:
        if self._is_ours(stream):
            return  # the peer's half of a stream we opened carries nothing (transport.md §4.1)
        if stream & 2:
            self._build_data(data, end)
            return
        if stream < self._next_stream or stream in self._done:
            return  # bytes after the frame
        now = self._loop.time()
        if self.meter is not None and not self.meter.takes_signal(len(data), now):
            self.close("too many signal bytes")
            return
        reader = self._readers.setdefault(stream, FrameReader())
        self._unread_bytes += len(data)
        if not self._all_unread.take(len(data), self._unread_bytes) or self._unread_bytes > _UNREAD_BYTES:
            self.close("too many unfinished signals")
            return
        try:
            payload = reader.feed(data, end)
            message = None if payload is None else self._known(payload)
        except RemoteViolation as error:
            self._refuse(error)
            payload, message = b"", None
        if payload is not None:
            self._finish_stream(stream, message)

    def _let_go(self, length: int) -> None:
        self._unread_bytes -= length
        self._all_unread.give_back(length)

    def _is_ours(self, stream: int) -> bool:
        return (stream & 1) == (0 if self.connection.configuration.is_client else 1)

    def _known(self, payload: bytes) -> SignalMessage | None:
        message = decode(payload)
        if isinstance(message, UnknownSignal):
            self._refuse(RemoteViolation(ErrorCode.MALFORMED_SIGNAL, tag=message.tag))
            return None
        return message

    def _refuse(self, error: RemoteViolation) -> None:
        self._signals_refused += 1
        if self._signals_refused <= _REFUSALS_LOGGED:
            event(log, "signal:refused", level=logging.WARNING, peer=self.remote_address[0], error=error)

    def _finish_stream(self, stream: int, message: SignalMessage | None) -> None:
        if stream & 2 or stream < self._next_stream or stream in self._done or self.closed:
            return
        reader = self._readers.pop(stream, None)
        self._done[stream] = message, reader.received if reader is not None else 0
        self.connection.finish_stream(stream)  # gives the peer its stream credit back
        self._wake(self)
        while self._next_stream in self._done:
            message, length = self._done.pop(self._next_stream)
            self._next_stream += 4
            self._advanced_at = self._loop.time()
            if message is not None:
                self._signals_received += 1
                self._signals.append((message, length))
            else:
                self._let_go(length)
        if len(self._signals) + len(self._done) > _UNREAD_SIGNALS:
            self.close("too many unread signals")
        self._signal_came.set()

    def _build_data(self, data: bytes, end: bool) -> None:
        self._build_part = (self._build_part + data)[:_LONGEST_BUILD]
        if end and not self._build.done():
            self._build.set_result(self._build_part)
