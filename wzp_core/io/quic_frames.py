"""The frames of a packet that holds only media and what goes with it (RFC 9000 §19, RFC 9221 §4); pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple

_PADDING, _PING, _ACK, _DATAGRAM, _DATAGRAM_WITH_LENGTH = 0x00, 0x01, 0x02, 0x30, 0x31
_MOST_RANGES_READ: Final = 64
_MOST_RANGES_WRITTEN: Final = 16


class MediaFrames(NamedTuple):
    """What one packet said."""

    datagrams: Sequence[bytes]
    acknowledged: Sequence[range]  # ascending
    ack_delay: int  # as encoded
    elicits_ack: bool


def media_frames(payload: bytes) -> MediaFrames | None:
    """None where a frame is of another kind, or malformed, or comes twice where once is enough."""
    datagrams: list[bytes] = []
    acknowledged: list[range] = []
    ack_delay = at = 0
    elicits_ack = False
    end = len(payload)
    try:
        while at < end:
            kind = payload[at]
            at += 1
            if kind == _DATAGRAM_WITH_LENGTH:
                length, at = _varint(payload, at)
                if at + length > end:
                    return None
                datagrams.append(payload[at : at + length])
                at += length
                elicits_ack = True
            elif kind == _DATAGRAM:
                datagrams.append(payload[at:])
                at = end
                elicits_ack = True
            elif kind == _ACK and not acknowledged:
                acknowledged, ack_delay, at = _ranges(payload, at)
            elif kind == _PING:
                elicits_ack = True
            elif kind != _PADDING:
                return None
    except (IndexError, ValueError):
        return None
    return MediaFrames(datagrams, acknowledged, ack_delay, elicits_ack) if end else None


def _ranges(payload: bytes, at: int) -> tuple[list[range], int, int]:
    """Of an ACK frame: ranges, delay, and where it ends. Raises IndexError and ValueError."""
    largest, at = _varint(payload, at)
    delay, at = _varint(payload, at)
    more, at = _varint(payload, at)
    length, at = _varint(payload, at)
    smallest = largest - length
    ranges = [range(smallest, largest + 1)]
    if more > _MOST_RANGES_READ:
        raise ValueError
    for _ in range(more):
        gap, at = _varint(payload, at)
        length, at = _varint(payload, at)
        largest = smallest - gap - 2
        smallest = largest - length
        ranges.append(range(smallest, largest + 1))
    if smallest < 0:
        raise ValueError
    ranges.reverse()
    return ranges, delay, at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The integer at a place, and the place after it. Raises IndexError where the data ends before it does."""
    first = data[at]
    if first < 0x40:
        return first, at + 1
    size = 1 << (first >> 6)
    end = at + size
    if end > len(data):
        raise IndexError
    return int.from_bytes(data[at:end], "big") & ((1 << (8 * size - 2)) - 1), end


def varint(value: int) -> bytes:
    """RFC 9000 §16."""
    if value < 0x40:
        return value.to_bytes(1, "big")
    if value < 0x4000:
        return (value | 0x4000).to_bytes(2, "big")
    if value < 0x4000_0000:
        return (value | 0x8000_0000).to_bytes(4, "big")
    return (value | 0xC000_0000_0000_0000).to_bytes(8, "big")


DATAGRAM_HEADS: Final = tuple(bytes([_DATAGRAM_WITH_LENGTH]) + varint(length) for length in range(1200))
"""What goes before so many bytes of data in a DATAGRAM frame."""
LONGEST_DATAGRAM_HEAD: Final = 3


def ack_frame(ranges: Sequence[range], delay: int) -> bytes:
    """An ACK frame of the newest of the ranges, which are ascending; `delay` as encoded."""
    newest = ranges[-1]
    if len(ranges) == 1:
        return b"\x02%b%b\0%b" % (varint(newest.stop - 1), varint(delay), varint(newest.stop - 1 - newest.start))
    told = ranges[-_MOST_RANGES_WRITTEN:]
    parts = [b"\x02", varint(newest.stop - 1), varint(delay), varint(len(told) - 1)]
    parts.append(varint(newest.stop - 1 - newest.start))
    above = newest.start
    for at in range(len(told) - 2, -1, -1):
        lower = told[at]
        parts += (varint(above - lower.stop - 1), varint(lower.stop - 1 - lower.start))
        above = lower.start
    return b"".join(parts)
