"""Compact packets and the context that expands them (media.md §3).

For links that agreed on it only: a mini frame carries no sequence number, so each lost one shifts all that follow until
the next full header.
"""

from dataclasses import replace
from typing import Final

from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.media.header import MediaHeader, MediaPacket, decode_packet, encode_packet
from wzp_core.protocol.media.sequence import following

FULL_EVERY: Final = 50  # packets: at least each 50th carries its whole header

_FULL, _MINI = b"\x00", b"\x01"
_START: Final = 5  # of a mini frame's payload: type, timestamp delta, payload length
_TIMESTAMPS: Final = 1 << 32
_GREATEST: Final = 0xFFFF


class MiniEncoder:
    """The sending end of one link."""

    def __init__(self) -> None:
        self._last: MediaHeader | None = None
        self._minis = 0

    def encode(self, packet: MediaPacket) -> bytes:
        """A mini frame where it loses nothing, else a full one. Raises LocalMisuse like `encode_packet`."""
        header, last = packet.header, self._last
        self._last = header
        if last is None or self._minis >= FULL_EVERY - 1 or not _is_next(header, last):
            return self._full(packet)
        delta = (header.timestamp_ms - last.timestamp_ms) % _TIMESTAMPS
        if delta > _GREATEST or len(packet.payload) > _GREATEST or packet.report is not None:
            return self._full(packet)
        self._minis += 1
        return _MINI + delta.to_bytes(2, "big") + len(packet.payload).to_bytes(2, "big") + packet.payload

    def reset(self) -> None:
        """After a packet that could not be sent: the next one is full."""
        self._last = None

    def _full(self, packet: MediaPacket) -> bytes:
        self._minis = 0
        return _FULL + encode_packet(packet)


class MiniDecoder:
    """The receiving end of one link."""

    def __init__(self) -> None:
        self._last: MediaHeader | None = None

    def decode(self, datagram: bytes) -> MediaPacket:
        """Raises RemoteViolation(MALFORMED_PACKET), also for a mini frame before any full one."""
        kind = datagram[:1]
        if kind == _FULL:
            packet = decode_packet(datagram[1:])
        elif kind == _MINI:
            packet = self._expanded(datagram)
        else:
            raise RemoteViolation(ErrorCode.MALFORMED_PACKET, what="compact packet", kind=kind.hex())
        self._last = packet.header
        return packet

    def _expanded(self, datagram: bytes) -> MediaPacket:
        delta, length = int.from_bytes(datagram[1:3], "big"), int.from_bytes(datagram[3:_START], "big")
        last = self._last
        if last is None or len(datagram) < _START + length:
            raise RemoteViolation(ErrorCode.MALFORMED_PACKET, what="mini frame", is_first=last is None)
        header = replace(
            last,
            sequence=following(last.sequence),
            timestamp_ms=(last.timestamp_ms + delta) % _TIMESTAMPS,
            has_report=False,
        )
        return MediaPacket(header, datagram[_START : _START + length])


def _is_next(header: MediaHeader, last: MediaHeader) -> bool:
    """Whether only what a mini frame can tell has changed."""
    return header == replace(last, sequence=following(last.sequence), timestamp_ms=header.timestamp_ms)
