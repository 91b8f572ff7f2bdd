"""Every private attribute of aioquic that this program touches, beside those of `aioquic_media` and `aioquic_probes`;
a loopback test watches them."""

import hashlib
import hmac
from collections import deque
from typing import cast

from aioquic import tls
from aioquic._buffer import Buffer
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnectionState
from aioquic.quic.packet import pull_quic_transport_parameters, push_quic_transport_parameters
from aioquic.quic.packet_builder import QuicPacketBuilder
from aioquic.quic.recovery import QuicPacketSpace
from aioquic.quic.stream import QuicStream
from cryptography.hazmat.primitives.serialization import Encoding

from wzp_core.io.aioquic_media import LONGEST_ACK_DELAY_S, USUAL_ACK_DELAY_S, MediaConnection
from wzp_core.io.congestion import MediaCongestionControl

RESET_TOKEN_LENGTH = 16
_PARAMETERS_BYTES = 1024
_ACK_DELAY_S = 0.01  # of the 25 ms a peer allows for; the default of 1 ms costs a packet per datagram


def reset_token(key: bytes, connection_id: bytes) -> bytes:
    """Stateless reset token that survives a restart, being a function of a lasting key (RFC 9000 §10.3.2)."""
    return hmac.new(key, connection_id, hashlib.sha256).digest()[:RESET_TOKEN_LENGTH]


class Connection(MediaConnection):
    """A connection that knows the server name it was dialled by and whose reset tokens survive a restart."""

    def __init__(
        self,
        *,
        configuration: QuicConfiguration,
        reset_key: bytes,
        original_cid: bytes | None = None,
        retry_cid: bytes | None = None,
        asks_certificate_for: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(
            configuration=configuration,
            original_destination_connection_id=original_cid,
            retry_source_connection_id=retry_cid,
        )
        self.server_name = configuration.server_name or ""
        self._asks_certificate_for = asks_certificate_for
        self._reset_key = reset_key
        self._ack_delay = _ACK_DELAY_S
        if not configuration.is_client:
            self._host_cids[0].stateless_reset_token = reset_token(reset_key, self.host_cid)

    def _serialize_transport_parameters(self) -> bytes:
        parameters = pull_quic_transport_parameters(Buffer(data=super()._serialize_transport_parameters()))
        parameters.max_ack_delay = round(LONGEST_ACK_DELAY_S * 1000)
        written = Buffer(capacity=_PARAMETERS_BYTES)
        push_quic_transport_parameters(written, parameters)
        return written.data

    def _parse_transport_parameters(self, data: bytes, from_session_ticket: bool = False) -> None:
        super()._parse_transport_parameters(data, from_session_ticket)
        self._peer_ack_delay = self._loss.max_ack_delay
        self._loss.max_ack_delay = min(self._peer_ack_delay, USUAL_ACK_DELAY_S)  # until media are sent

    def _initialize(self, peer_cid: bytes) -> None:
        super()._initialize(peer_cid)
        if not self._is_client:
            self._capture_server_name()

    def _capture_server_name(self) -> None:
        handle_hello = self.tls._server_handle_hello

        def handle(input_buf: Buffer, initial_buf: Buffer, handshake_buf: Buffer) -> None:
            start = input_buf.tell()
            self.server_name = tls.pull_client_hello(input_buf).server_name or ""
            self.tls._request_client_certificate = self.server_name in self._asks_certificate_for
            input_buf.seek(start)
            handle_hello(input_buf, initial_buf, handshake_buf)

        self.tls._server_handle_hello = handle  # type: ignore[method-assign]

    def _replenish_connection_ids(self) -> None:
        super()._replenish_connection_ids()
        for issued in self._host_cids:
            if not issued.was_sent:
                issued.stateless_reset_token = reset_token(self._reset_key, issued.cid)

    def finish_stream(self, stream_id: int) -> None:
        """Ends our half of the peer's stream, unless the peer has said by STOP_SENDING that it never reads it."""
        stream = self._streams.get(stream_id)
        if stream is not None and stream.sender._reset_error_code is None:
            self.send_stream_data(stream_id, b"", end_stream=True)

    def _write_connection_limits(self, builder: QuicPacketBuilder, space: QuicPacketSpace) -> None:
        """Gives the peer credit for what has been read, so that what lies out of order here stays in the window.

        aioquic doubles the limit whenever half of it is used, whether or not anything could be read.
        """
        limit, window = self._local_max_data, self._configuration.max_data
        if limit.value - limit.used < window // 2:
            held = sum(each.receiver.highest_offset - each.receiver._buffer_start for each in self._streams.values())
            limit.value = max(limit.value, limit.used - held + window)
        used, limit.used = limit.used, 0
        try:
            super()._write_connection_limits(builder, space)
        finally:
            limit.used = used

    def _write_stream_limits(self, builder: QuicPacketBuilder, space: QuicPacketSpace, stream: QuicStream) -> None:
        """As above, for one stream."""
        receiver, window = stream.receiver, self._configuration.max_stream_data
        highest, limit = receiver.highest_offset, stream.max_stream_data_local
        if limit and not receiver.is_finished and limit - highest < window // 2:
            stream.max_stream_data_local = max(limit, receiver._buffer_start + window)
        receiver.highest_offset = 0
        try:
            super()._write_stream_limits(builder, space, stream)
        finally:
            receiver.highest_offset = highest

    @property
    def heard_nothing(self) -> bool:
        """Whether nothing of the peer has made sense so far."""
        return self._state is QuicConnectionState.FIRSTFLIGHT

    @property
    def unsent_bytes(self) -> int:
        """Of streams, not yet acknowledged by the peer."""
        return sum(len(stream.sender._buffer) for stream in self._streams.values())

    @property
    def largest_acked(self) -> int:
        """The newest of our packets that the peer has acknowledged, also one that nobody waited to hear of any more."""
        return self._one_rtt.largest_acked_packet

    @property
    def datagrams_waiting(self) -> "deque[bytes]":
        """Datagram frames that wait for the congestion window; may be dropped from the left."""
        return self._datagrams_pending

    @property
    def open_streams(self) -> int:
        """Streams of either side that are not finished in both directions."""
        return len(self._streams)

    def has_stream(self, stream_id: int) -> bool:
        """Whether the stream is open in either direction, though nothing of it may have been readable."""
        return stream_id in self._streams

    @property
    def takes_datagrams(self) -> bool:
        """Whether the peer's transport parameters are known and allow DATAGRAM frames."""
        return self._remote_max_datagram_frame_size is not None

    @property
    def peer_certificate_sha256(self) -> bytes | None:
        certificate = self.tls._peer_certificate
        return None if certificate is None else hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()

    @property
    def peer_reset_token(self) -> bytes:
        return self._peer_cid.stateless_reset_token or b""

    @property
    def close_reason(self) -> str | None:
        """Why the connection is ending; known some round trips before aioquic's own event says so."""
        if self._close_event is None:
            return None
        return self._close_event.reason_phrase or f"error {self._close_event.error_code:#x}"

    @property
    def rtt_s(self) -> float:
        return self._loss._rtt_smoothed

    @property
    def awaits_acknowledgement(self) -> bool:
        if self._handshake_confirmed:
            return self._one_rtt.ack_eliciting_in_flight > 0
        return any(space.ack_eliciting_in_flight for space in self._loss.spaces)

    @property
    def sent_packets(self) -> int:
        """Since connect; acknowledgements alone are none."""
        return cast(MediaCongestionControl, self._loss._cc).sent_packets

    @property
    def packet_counts(self) -> tuple[int, int]:
        """Packets sent and lost since connect."""
        control = cast(MediaCongestionControl, self._loss._cc)
        return control.sent_packets, control.lost_packets
