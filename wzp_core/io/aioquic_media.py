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
from aioquic.quic.connection import NetworkAddress, QuicConnectionState, QuicReceiveContext
from aioquic.quic.packet import QuicPacketType, decode_packet_number
from aioquic.quic.packet_builder import QuicDeliveryHandler, QuicDeliveryState, QuicSentPacket
from aioquic.quic.rangeset import RangeSet
from aioquic.quic.recovery import MAX_ACK_RANGES, QuicPacketSpace

from wzp_core.io.aioquic_probes import ProbingConnection
from wzp_core.io.quic_frames import DATAGRAM_HEADS, LONGEST_DATAGRAM_HEAD, MediaFrames, ack_frame, media_frames

_MEDIA_ACK_DELAY_S = 0.02  # of the 25 ms a peer allows for: a talker's next frame takes it along
_PROMPTLY_ACKNOWLEDGED = 8  # packets of media that came: with fewer, it waits for one that leaves anyway
LONGEST_ACK_DELAY_S = 0.25  # longer than a bundle of the lifeboat; peers are told (max_ack_delay, RFC 9000 §18.2)
USUAL_ACK_DELAY_S = 0.025  # of packets without media, whatever the peer allows itself
_NEXT_TO_NOTHING_S = 1e-6
SOONEST_PROBE_S = 0.025  # after a packet was sent, a timer for it is never due before this
_RESERVED_BITS = 0x18
_KEY_PHASE = 0x04
_TAG_BYTES = 16
_STALLED_S = 1.0  # with a full window and nothing acknowledged: a lost packet must not wait for five round trips
_IDLE_STEP_S = 0.1  # the end of an idle connection is put off so often, which is enough for one that lasts 30 s
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


class MediaConnection(ProbingConnection):
    """Both ways; the endpoint asks the short one first."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._is_unusual = True  # something may wait that the short way cannot send
        self._idle_put_off_at = 0.0
        self._probed_at = 0.0
        self._unacknowledged = 0  # packets of media that came
        self._peer_ack_delay = USUAL_ACK_DELAY_S
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
        if self._handshake_confirmed and self._takes_acknowledgement_along(now):
            self._one_rtt.ack_at = now
        loss = self._loss
        held_back: tuple[bytes, ...] = ()
        if loss._rtt_initialized:
            loss._pacer.update_rate(loss.congestion_window, loss._rtt_smoothed)
        room = self._flight_room
        if room < SMALLEST_MAX_DATAGRAM_SIZE and self._datagrams_pending:
            self._control.flight.was_full = True
            heard_of_at = max(self._control.acked_at, self._probed_at)
            if now - heard_of_at > _STALLED_S:
                self._probed_at, self._probe_pending = now, True  # one packet of media beyond the window
        if room < 2 * SMALLEST_MAX_DATAGRAM_SIZE and self._has_unsent_streams:
            held_back = tuple(self._datagrams_pending)  # a stream could wait for ever for room beside media
            self._datagrams_pending.clear()
        packets = super().datagrams_to_send(now)
        self._datagrams_pending.extend(held_back)
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
        sample = data[cid_end + 4 : cid_end + 4 + _SAMPLE_BYTES]
        if len(sample) < _SAMPLE_BYTES:
            return None
        mask = keys.hp._mask(sample)
        first = data[0] ^ mask[0] & 0x1F
        if first & _RESERVED_BITS or (first & _KEY_PHASE) >> 2 != keys.key_phase:
            return None
        length = (first & 3) + 1
        end = cid_end + length
        truncated = int.from_bytes(data[cid_end:end], "big") ^ int.from_bytes(mask[1 : 1 + length], "big")
        header = b"%c%b%b" % (first, self.host_cid, truncated.to_bytes(length, "big"))
        number = decode_packet_number(truncated, length * 8, space.expected_packet_number)
        try:
            frames = media_frames(keys.aead.decrypt(data[end:], header, number))
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
            delay_s = self._control.kept_back_s = self._believed_delay(space, frames, now)
            if not self._acknowledged_in_order(space, frames.acknowledged[-1], delay_s, now):
                lost = self._packets_lost
                self._loss.on_ack_received(
                    ack_rangeset=cast(RangeSet, _Acknowledged(frames.acknowledged)),
                    ack_delay=delay_s,
                    now=now,
                    space=space,
                )
                if lost != self._packets_lost:
                    self._is_unusual = True  # not only media may have been in them
            self._control.kept_back_s = 0.0
        self._put_off_idle(now)
        self._ack_eliciting_sent_since_receipt = False
        if number > space.largest_received_packet:
            space.largest_received_packet, space.largest_received_time = number, now
        space.received_packets.add(number)
        told: list[range] = space.ack_queue._RangeSet__ranges  # type: ignore[attr-defined]
        if told and told[-1].stop == number:
            told[-1] = range(told[-1].start, number + 1)
        else:
            space.ack_queue.add(number)
            if len(told) > MAX_ACK_RANGES:
                space.ack_queue.shift()
        if frames.elicits_ack:
            self._unacknowledged = self._unacknowledged + 1 if space.ack_at is not None else 1
            waits = frames.datagrams and self._unacknowledged < _PROMPTLY_ACKNOWLEDGED
            due = now + (LONGEST_ACK_DELAY_S if waits else _MEDIA_ACK_DELAY_S)
            if space.ack_at is None or due < space.ack_at:
                space.ack_at = due

    def _believed_delay(self, space: QuicPacketSpace, frames: MediaFrames, now: float) -> float:
        """How long the peer kept its acknowledgement back, in s, as far as the least round trip leaves room for that.

        aioquic ignores a delay that does not fit (RFC 9002 §5.3), and the least round trip is that of a handshake,
        which takes its time: a bundle's delay would then count as distance.
        """
        told = (frames.ack_delay << self._remote_ack_delay_exponent) / 1_000_000
        newest = space.sent_packets.get(frames.acknowledged[-1].stop - 1)
        if newest is None or newest.sent_time is None:
            return told
        return min(told, max(0.0, now - newest.sent_time - self._loss._rtt_min - _NEXT_TO_NOTHING_S))

    def _takes_acknowledgement_along(self, now: float) -> bool:
        """Whether one that may wait can share a packet with something else that is sent now."""
        due = self._one_rtt.ack_at
        if due is None or due <= now:
            return False
        return bool(self._datagrams_pending or self._ping_pending or self._probe_pending or self._has_unsent_streams)

    def _acknowledged_in_order(self, space: QuicPacketSpace, newest: range, delay_s: float, now: float) -> bool:
        """What recovery does where everything sent up to the newest has arrived; False, and nothing, where not so."""
        sent, loss, largest = space.sent_packets, self._loss, newest.stop - 1
        oldest = next(iter(sent), None)
        if largest < space.largest_acked_packet or not loss.peer_completed_address_validation:
            return False
        if oldest is None or oldest > largest:
            space.largest_acked_packet = largest
            return True
        if oldest < newest.start:
            return False
        space.largest_acked_packet = largest
        elicited = False
        packet: QuicSentPacket | None = None
        for number in [number for number in sent if number <= largest]:
            packet = sent.pop(number)
            if packet.is_ack_eliciting:
                elicited = True
                space.ack_eliciting_in_flight -= 1
            if packet.in_flight:
                loss._cc.on_packet_acked(packet=packet, now=now)
            for handler, given in packet.delivery_handlers:
                handler(QuicDeliveryState.ACKED, *given)
        space.loss_time = None
        loss._pto_count = 0
        if packet is not None and packet.packet_number == largest and elicited:
            rtt = now - cast(float, packet.sent_time)
            loss._rtt_latest = max(rtt, 0.001)
            loss._rtt_min = min(loss._rtt_min, loss._rtt_latest)
            delay_s = min(delay_s, loss.max_ack_delay)
            if loss._rtt_latest > loss._rtt_min + delay_s:
                loss._rtt_latest -= delay_s
            if not loss._rtt_initialized:
                loss._rtt_first_sample_time, loss._rtt_initialized = now, True
                loss._rtt_variance, loss._rtt_smoothed = rtt / 2, rtt
            else:
                loss._rtt_variance += (abs(loss._rtt_min - loss._rtt_latest) - loss._rtt_variance) / 4
                loss._rtt_smoothed += (loss._rtt_latest - loss._rtt_smoothed) / 8
            loss._cc.on_rtt_measurement(now=now, rtt=rtt)
        return True

    def _put_off_idle(self, now: float) -> None:
        if now - self._idle_put_off_at > _IDLE_STEP_S:
            self._idle_put_off_at = now
            self._close_at = now + self._idle_timeout()

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
        control = self._control
        room = control.congestion_window - control.bytes_in_flight
        while waiting:
            if room < SMALLEST_MAX_DATAGRAM_SIZE:
                self._is_unusual = control.flight.was_full = True  # the rest is for aioquic, when there is room again
                break
            packet = self._media_packet(space, waiting, now)
            packets.append(packet)
            room -= len(packet)
        if packets:
            self._network_paths[0].bytes_sent += sum(map(len, packets))
            if not self._ack_eliciting_sent_since_receipt:
                self._put_off_idle(now)
                self._ack_eliciting_sent_since_receipt = True
        return packets

    def _media_packet(self, space: QuicPacketSpace, waiting: "deque[bytes]", now: float) -> bytes:
        """One packet of as much media as fits, sealed and noted as sent."""
        number = self._packet_number
        cid = self._peer_cid.cid
        self._loss.max_ack_delay = self._peer_ack_delay
        room = SMALLEST_MAX_DATAGRAM_SIZE - 3 - len(cid) - _TAG_BYTES
        frames: list[bytes] = []
        handlers: tuple[tuple[QuicDeliveryHandler, tuple[QuicPacketSpace, int]], ...] = ()
        if space.ack_at is not None:
            frame = ack_frame(space.ack_queue, int((now - (space.largest_received_time or now)) * 1e6) >> 3)
            if len(frame) + len(waiting[0]) + LONGEST_DATAGRAM_HEAD <= room:
                frames.append(frame)
                room -= len(frame)
                handlers = ((self._on_ack_delivery, (space, space.largest_received_packet)),)
                space.ack_at = None
        while waiting:
            length = len(waiting[0])
            room -= length + LONGEST_DATAGRAM_HEAD
            if room < 0:
                break
            frames += (DATAGRAM_HEADS[length], waiting.popleft())
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
        at = cast(float, self._close_at)
        if space.ack_at is not None and space.ack_at < at:
            at = space.ack_at
        return self._loss_at if self._loss_at is not None and self._loss_at < at else at

    @property
    def _has_unsent_streams(self) -> bool:
        return any(not stream.sender.buffer_is_empty for stream in self._streams.values())

    @property
    def _flight_room(self) -> int:
        return self._control.congestion_window - self._control.bytes_in_flight

    @property
    def _packets_lost(self) -> int:
        return self._control.lost_packets
