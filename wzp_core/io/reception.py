"""What an endpoint takes in: who may begin a handshake, what other strangers hear, and what links may hold unread."""

import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.packet import (
    QuicHeader,
    QuicPacketType,
    encode_quic_retry,
    encode_quic_version_negotiation,
)
from aioquic.quic.retry import QuicRetryTokenHandler

from wzp_core.io.aioquic_private import RESET_TOKEN_LENGTH, Connection, reset_token
from wzp_core.io.quic_settings import CID_LENGTH
from wzp_core.limits import Bucket, Buckets, Rate, network_of
from wzp_core.ports import Address, InboundLimits

SHORTEST_RESET = 21  # RFC 9000 §10.3: must look like a packet
_UNPROVEN = 64  # handshakes under way of whoever; more only from addresses that answer (RFC 9000 §8.1.2)
_VOUCHED = 64  # addresses
_RESETS = Rate(100, 100)
_UNREAD_BYTES = 64 << 20  # over all links of an endpoint; small holders do not count
_SMALL_HOLDER = 64 << 10

Answer = Callable[[bytes], None]
"""Sends one datagram back where the stranger's came from."""


class SharedRoom:
    """Bytes that all links of an endpoint hold for others together."""

    def __init__(self) -> None:
        self.taken = 0

    def take(self, count: int, own: int) -> bool:
        """`own`: what the link that asks holds then."""
        self.taken += count
        return own <= _SMALL_HOLDER or self.taken <= _UNREAD_BYTES

    def give_back(self, count: int) -> None:
        self.taken -= count


@dataclass(slots=True)
class Meter:
    """How much more one accepted link may send: what it was granted, and a packet for each that was sent to it."""

    limits: InboundLimits
    network: Bucket
    packets: Bucket
    signal_bytes: Bucket

    def has_packets(self, now: float) -> bool:
        """Whether one more is to be read."""
        return self.packets.has(self.limits.packets, now) and self.network.has(self.limits.packets_each, now)

    def received(self, packets: int, now: float) -> None:
        """So many were really the peer's: what others forge or repeat must not use up what it may send."""
        self.packets.take(self.limits.packets, now, packets)
        self.network.take(self.limits.packets_each, now, packets)

    def takes_signal(self, length: int, now: float) -> bool:
        return self.signal_bytes.take(self.limits.signal_bytes, now, length)

    def sent(self, packets: int) -> None:
        self.packets.give(self.limits.packets, packets)
        self.network.give(self.limits.packets_each, packets)


@dataclass(slots=True)
class _Door:
    """One way in: rates for all together and for each network."""

    all: Bucket
    each: Buckets[str] = field(default_factory=Buckets)

    def lets_in(self, network: str, all_of_them: Rate, each: Rate, now: float) -> bool:
        return self.each.take(network, each, now) and self.all.take(all_of_them, now)


class Reception:
    """Strangers meet it first; whoever forges its address can neither use up what others may ask nor draw traffic."""

    def __init__(
        self,
        server: QuicConfiguration,
        reset_key: bytes,
        asks_certificate_for: frozenset[str],
        *,
        is_wary: bool,
        now: float,
    ) -> None:
        self.limits = InboundLimits()
        self.is_open = True
        self.refused = 0
        """Handshakes of addresses that answered, over a limit."""
        self._server, self._reset_key, self._asks_certificate_for = server, reset_key, asks_certificate_for
        self._retry = QuicRetryTokenHandler()
        self._is_wary = is_wary
        self._vouched: deque[Address] = deque(maxlen=_VOUCHED)
        self._proven = _Door(Bucket(self.limits.handshakes, now))
        self._unproven = _Door(Bucket(self.limits.handshakes, now))
        self._resets = Bucket(_RESETS, now)
        self._networks: WeakValueDictionary[str, Bucket] = WeakValueDictionary()

    def greet(
        self, header: QuicHeader, address: Address, answer: Answer, *, under_way: int, now: float
    ) -> Connection | None:
        """A connection for a first packet, while `under_way` others are in their handshake; None where there is none.

        A forged address costs nobody else anything: past some rate and number (a wary endpoint: always) it is only
        asked to prove itself, and what proven ones may do is counted apart.
        """
        if not self.is_open:
            return None
        if header.packet_type != QuicPacketType.VERSION_NEGOTIATION and self._is_foreign(header):
            versions = self._server.supported_versions
            answer(
                encode_quic_version_negotiation(
                    source_cid=header.destination_cid, destination_cid=header.source_cid, supported_versions=versions
                )
            )
            return None
        if header.packet_type != QuicPacketType.INITIAL:
            return None
        network, limits = network_of(address[0]), self.limits
        asked_for = self._asked_for(header, address, now)
        if asked_for is None:
            is_stranger = self._is_wary and address not in self._vouched
            door = self._unproven
            if (
                is_stranger
                or under_way >= _UNPROVEN
                or not door.lets_in(network, limits.handshakes, limits.handshakes_each, now)
            ):
                self._demand_proof(header, address, answer, now)
                return None
        elif not self._proven.lets_in(network, limits.handshakes, limits.handshakes_each, now):
            self.refused += 1
            return None
        return Connection(
            configuration=self._server,
            reset_key=self._reset_key,
            original_cid=asked_for or header.destination_cid,
            retry_cid=header.destination_cid if asked_for else None,
            asks_certificate_for=self._asks_certificate_for,
        )

    def vouch(self, address: Address) -> None:
        """It has answered us by other means, so a handshake of its may begin at once."""
        if address not in self._vouched:
            self._vouched.append(address)

    def meter(self, address: Address, now: float) -> Meter:
        """For a link that begins."""
        network = network_of(address[0])
        bucket = self._networks.get(network)
        if bucket is None:
            bucket = self._networks[network] = Bucket(self.limits.packets_each, now)
        own = Bucket(self.limits.packets, now)
        return Meter(self.limits, bucket, own, Bucket(self.limits.signal_bytes, now))

    def reset(self, data: bytes, answer: Answer, now: float) -> None:
        """Answers a packet of a connection that we no longer have (RFC 9000 §10.3)."""
        if self._is_wary and not self.is_open:
            return  # of whom there is nothing to be known
        if len(data) <= SHORTEST_RESET + 1 or not self._resets.take(_RESETS, now):
            return
        length = min(len(data) - 1, 2 * SHORTEST_RESET)  # shorter than its cause, so that two cannot ping-pong
        padding = bytearray(os.urandom(length - RESET_TOKEN_LENGTH))
        padding[0] = 0x40 | padding[0] & 0x3F
        answer(bytes(padding) + reset_token(self._reset_key, data[1 : 1 + CID_LENGTH]))

    def _demand_proof(self, header: QuicHeader, address: Address, answer: Answer, now: float) -> None:
        """A Retry: whoever forged its address never sees the token."""
        retry_cid = os.urandom(CID_LENGTH)
        token = self._retry.create_token(
            address=address,
            original_destination_connection_id=header.destination_cid,
            retry_source_connection_id=retry_cid,
            now=now,
        )
        answer(
            encode_quic_retry(
                version=header.version or 0,
                source_cid=retry_cid,
                destination_cid=header.source_cid,
                original_destination_cid=header.destination_cid,
                retry_token=token,
            )
        )

    def _asked_for(self, header: QuicHeader, address: Address, now: float) -> bytes | None:
        """The connection id first asked for by a peer that answers a Retry of ours; None for anybody else."""
        try:
            return self._retry.validate_token(
                address=address, destination_cid=header.destination_cid, token=header.token, now=now
            )
        except ValueError:
            return None

    def _is_foreign(self, header: QuicHeader) -> bool:
        return header.version not in self._server.supported_versions
