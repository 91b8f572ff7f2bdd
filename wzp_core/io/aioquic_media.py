"""A second, shorter way through an aioquic connection, for media.

A confirmed connection whose packets hold nothing but media, acknowledgements and pings needs neither aioquic's packet
builder nor its frame handlers, which are most of what a forwarded packet costs. The short way steps aside for
everything else before it has changed anything; what it does, it does to aioquic's own state, so that either way may
take the next packet.
"""

from collections import deque
from collections.abc import Sequence
from typing import Any, cast

from aioquic import tls
from aioquic._crypto import AEAD, CryptoError, HeaderProtection
from aioquic.quic.configuration import SMALLEST_MAX_DATAGRAM_SIZE
from aioquic.quic.connection import NetworkAddress, QuicConnection, QuicConnectionState, QuicReceiveContext
from aioquic.quic.packet import QuicPacketType, decode_packet_number
from aioquic.quic.packet_builder import QuicDeliveryHandler, QuicSentPacket
from aioquic.quic.rangeset import RangeSet
from aioquic.quic.recovery import MAX_ACK_RANGES, QuicPacketSpace

from wzp_core.io.congestion import MediaCongestionControl
from wzp_core.io.quic_frames import MediaFrames, ack_frame, datagram_frame, media_frames

_MEDIA_ACK_DELAY_S = 0.02  # of the 25 ms a peer allows for: a talker's next frame takes it along
SOONEST_PROBE_S = 0.025  # after a packet was sent, a timer for it is never due before this
_RESERVED_BITS = 0x18
_KEY_PHASE = 0x04
_TAG_BYTES = 16
_SAMPLE_AT, _SAMPLE_BYTES = 2, 16  # of the sealed payload, after a packet number of two bytes (RFC 9001 §5.4.2)


class _Acknowledged(list[range]):
    """Ranges in ascending order, as aioquic's recovery reads them."""

    def bounds(self) -> range:
        return range(self[0].start, self[-1].stop)


class _SentMedia:
    """What aioquic's recovery wants to know of a packet; one of media is never sent again."""

    __slots__ = ("delivery_handlers", "packet_number", "sent_bytes", "sent_time")
    epoch = tls.Epoch.ONE_RTT
    packet_type = QuicPacketType.ONE_RTT
    in_flight = is_ack_eliciting = True
    is_crypto_packet = False

    def __init__(
        self,
        packet_number: int,
        sent_time: float,
        sent_bytes: int,
        delivery_handlers: tuple[tuple[QuicDeliveryHandler, tuple[QuicPacketSpace, int]], ...],
    ) -> None:
        self.packet_number = packet_number
        self.sent_time = sent_time
        self.sent_bytes = sent_bytes
        self.delivery_handlers = delivery_handlers


class MediaConnection(QuicConnection):
    """Both ways; the endpoint asks the short one first."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._is_unusual = True  # something may wait that the short way cannot send
        self.genuine_packets = 0
        """That the peer encrypted, and that came for the first time."""

    def _initialize(self, peer_cid: bytes) -> None:
        super()._initialize(peer_cid)
        self._one_rtt = self._spaces[tls.Epoch.ONE_RTT]
        self._one_rtt_keys = self._cryptos[tls.Epoch.ONE_RTT]

    def receive_datagram(self, data: bytes, addr: NetworkAddress, now: float) -> None:
        self._is_unusual = True
        super().receive_datagram(data, addr, now)

    def _payload_received(
        self, context: QuicReceiveContext, plain: bytes, crypto_frame_required: bool = False
    ) -> tuple[bool, bool]:
        self.genuine_packets += 1
        return super()._payload_received(context, plain, crypto_frame_required)

    def handle_timer(self, now: float) -> None:
        lost = self._packets_lost
        super().handle_timer(now)
        if self._probe_pending or lost != self._packets_lost or self._state is not QuicConnectionState.CONNECTED:
            self._is_unusual = True

    def datagrams_to_send(self, now: float) -> list[tuple[bytes, NetworkAddress]]:
        packets = super().datagrams_to_send(now)
        self._is_unusual = (
            not self._handshake_confirmed
            or self._pacing_at is not None
            or self._flight_room < SMALLEST_MAX_DATAGRAM_SIZE
            or len(self._network_paths) != 1
            or not self._network_paths[0].is_validated
        )
        return packets

    def receive_media(self, data: bytes, address: NetworkAddress, now: float) -> Sequence[bytes] | None:
        """The media of a packet that holds nothing unusual; None for any other, which is untouched then."""
        cid_end = 1 + len(self.host_cid)
        if (
            not self._handshake_confirmed
            or self._state is not QuicConnectionState.CONNECTED
            or self._close_pending
            or data[0] & 0xC0 != 0x40
            or data[1:cid_end] != self.host_cid
            or address != self._network_paths[0].addr
            or not self._network_paths[0].is_validated
        ):
            return None
        space = self._one_rtt
        keys = self._one_rtt_keys.recv
        if keys.hp is None or keys.aead is None:
            return None
        try:
            header, truncated = keys.hp.remove(data, cid_end)
            first = header[0]
            if first & _RESERVED_BITS or (first & _KEY_PHASE) >> 2 != keys.key_phase:
                return None
            number = decode_packet_number(truncated, ((first & 3) + 1) * 8, space.expected_packet_number)
            frames = media_frames(keys.aead.decrypt(data[len(header) :], header, number))
        except CryptoError:
            return None
        if frames is None:
            return None
        if number not in space.received_packets:
            self._take_packet(space, number, first, frames, now)
            return frames.datagrams
        return ()

    def _take_packet(self, space: QuicPacketSpace, number: int, first: int, frames: MediaFrames, now: float) -> None:
        """What aioquic does with each packet and with an ACK frame."""
        self.genuine_packets += 1
        if number > space.expected_packet_number:
            space.expected_packet_number = number + 1
        if number > self._spin_highest_pn:
            self._spin_highest_pn = number
            self._spin_bit = bool(first & 0x20) is not self._is_client
        if frames.acknowledged:
            lost = self._packets_lost
            self._loss.on_ack_received(
                ack_rangeset=cast(RangeSet, _Acknowledged(frames.acknowledged)),
                ack_delay=(frames.ack_delay << self._remote_ack_delay_exponent) / 1_000_000,
                now=now,
                space=space,
            )
            if lost != self._packets_lost:
                self._is_unusual = True  # not only media may have been in them
        self._close_at = now + self._idle_timeout()
        self._ack_eliciting_sent_since_receipt = False
        if number > space.largest_received_packet:
            space.largest_received_packet, space.largest_received_time = number, now
        space.ack_queue.add(number)
        space.received_packets.add(number)
        if len(space.ack_queue) > MAX_ACK_RANGES:
            space.ack_queue.shift()
        if frames.elicits_ack and space.ack_at is None:
            space.ack_at = now + _MEDIA_ACK_DELAY_S

    @property
    def is_plain(self) -> bool:
        """Whether nothing but media and acknowledgements can be waiting to be sent."""
        return not (self._is_unusual or self._close_pending or self._ping_pending or self._streams)

    @property
    def has_more_to_say(self) -> bool:
        """After `receive_media`: whether something waits for a flush, other than an acknowledgement."""
        return bool(self._datagrams_pending) or not self.is_plain

    @property
    def active_address(self) -> NetworkAddress:
        """Where packets of the short way go."""
        return self._network_paths[0].addr

    @property
    def acknowledges_at(self) -> float | None:
        """When the peer is owed an acknowledgement, at the latest."""
        return self._one_rtt.ack_at

    def media_to_send(self, now: float) -> list[bytes] | None:
        """The packets of all waiting media and what is to be acknowledged; None where `datagrams_to_send` has to.

        They are not paced: how much of it there is, the talkers decide, and the window alone holds it back.
        """
        if not self.is_plain or self._one_rtt_keys._update_key_requested:
            return None
        space = self._one_rtt
        waiting = self._datagrams_pending
        if not waiting:
            return None if space.ack_at is not None and space.ack_at <= now else []
        packets: list[bytes] = []
        room = self._flight_room
        while waiting:
            if room < SMALLEST_MAX_DATAGRAM_SIZE:
                self._is_unusual = True  # the rest is for aioquic, when there is room again
                break
            packet = self._media_packet(space, waiting, now)
            packets.append(packet)
            room -= len(packet)
        if packets:
            self._network_paths[0].bytes_sent += sum(map(len, packets))
            if not self._ack_eliciting_sent_since_receipt:
                self._close_at = now + self._idle_timeout()
                self._ack_eliciting_sent_since_receipt = True
        return packets

    def _media_packet(self, space: QuicPacketSpace, waiting: "deque[bytes]", now: float) -> bytes:
        """One packet of as much media as fits, sealed and noted as sent."""
        number = self._packet_number
        cid = self._peer_cid.cid
        room = SMALLEST_MAX_DATAGRAM_SIZE - 3 - len(cid) - _TAG_BYTES
        frames: list[bytes] = []
        handlers: tuple[tuple[QuicDeliveryHandler, tuple[QuicPacketSpace, int]], ...] = ()
        if space.ack_at is not None:
            frame = ack_frame(space.ack_queue, int((now - (space.largest_received_time or now)) * 1e6) >> 3)
            if len(frame) + len(waiting[0]) + 3 <= room:
                frames.append(frame)
                room -= len(frame)
                handlers = ((self._on_ack_delivery, (space, space.largest_received_packet)),)
                space.ack_at = None
        while waiting:
            frame = datagram_frame(waiting[0])
            if len(frame) > room:
                break
            waiting.popleft()
            frames.append(frame)
            room -= len(frame)
        packet = self._sealed(b"".join(frames), number)
        self._packet_number = number + 1
        sent = _SentMedia(number, now, len(packet), handlers)
        self._loss.on_packet_sent(packet=cast(QuicSentPacket, sent), space=space)
        return packet

    def _sealed(self, payload: bytes, number: int) -> bytes:
        """A short-header packet (RFC 9000 §17.3.1) with a packet number of two bytes."""
        keys = self._one_rtt_keys.send
        first = 0x41 | self._spin_bit << 5 | keys.key_phase << 2  # fixed bit, and two bytes of packet number
        cid, short = self._peer_cid.cid, number & 0xFFFF
        aead, protection = cast(AEAD, keys.aead), cast(HeaderProtection, keys.hp)
        sealed = aead.encrypt(payload, b"%c%b%b" % (first, cid, short.to_bytes(2, "big")), number)
        mask = protection._mask(sealed[_SAMPLE_AT : _SAMPLE_AT + _SAMPLE_BYTES])
        masked = short ^ (mask[1] << 8 | mask[2])
        return b"%c%b%b%b" % (first ^ mask[0] & 0x1F, cid, masked.to_bytes(2, "big"), sealed)

    def get_timer(self) -> float | None:
        if not self._handshake_confirmed or self._state is not QuicConnectionState.CONNECTED or self._is_unusual:
            return super().get_timer()
        loss, space = self._loss, self._one_rtt
        self._loss_at = space.loss_time
        if self._loss_at is None and space.ack_eliciting_in_flight:
            self._loss_at = loss._time_of_last_sent_ack_eliciting_packet + loss.get_probe_timeout() * 2**loss._pto_count
        return min(at for at in (self._close_at, space.ack_at, self._loss_at) if at is not None)

    @property
    def _flight_room(self) -> int:
        return self._loss.congestion_window - self._loss.bytes_in_flight

    @property
    def _packets_lost(self) -> int:
        return cast(MediaCongestionControl, self._loss._cc).lost_packets
