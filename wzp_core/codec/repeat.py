"""Earlier Opus packets sent again inside a later one, where other decoders see padding.

An Opus packet may end in padding (RFC 6716 §3.2.5), and padding may hold extensions: a byte with id and a flag, a
length, data. DRED is one of them; ours come before it, under an id that is free for experiments, and any decoder
steps over them:

    byte 0   0xF9: id 124, a length follows
    then     the length of the rest: bytes of 255, and one below that ends it
    then     u8 how many packets ago ‖ that packet, without padding
"""

from collections.abc import Sequence
from typing import Final

_EXTENSION: Final = 124 << 1 | 1
_CODE_3: Final = 0x03  # the frame count follows
_ONE_PADDED: Final = 0x41
_PADDED: Final = 0x40
_COUNT: Final = 0x3F
_FRAMING: Final = 4  # bytes of a code 3 packet beyond its frame's, with the length of up to 512 bytes of padding
_REPEAT_FRAMING: Final = 4  # id, length, distance


def bare(payload: bytes) -> bytes:
    """A packet of one frame without its padding; others as they are."""
    parts = _split(payload)
    return payload if parts is None else bytes((payload[0] & ~_CODE_3,)) + parts[0]


def with_repeats(payload: bytes, earlier: Sequence[tuple[int, bytes]], most_bytes: int) -> bytes:
    """`payload` with those of `earlier` (packets ago, bare packet) that fit into `most_bytes`, first ones first."""
    parts = _split(payload)
    if parts is None:
        return payload
    frame, padding = parts
    for distance, packet in reversed(earlier):
        padding = bytes((_EXTENSION,)) + _laced(len(packet) + 1) + bytes((distance,)) + packet + padding
    whole = bytes((payload[0] | _CODE_3, _ONE_PADDED)) + _padding_length(len(padding)) + frame + padding
    if len(whole) <= most_bytes:
        return whole if earlier else payload
    return with_repeats(payload, earlier[:-1], most_bytes) if earlier else payload


def room(most_bytes: int, count: int) -> int:
    """How long packets may be so that `count` earlier ones of that length always fit into `most_bytes`."""
    return (most_bytes - _FRAMING - count * _REPEAT_FRAMING) // (count + 1) if count else most_bytes


def repeats(payload: bytes) -> list[tuple[int, bytes]]:
    """What `with_repeats` put in; nothing from padding that is not ours or is damaged."""
    parts = _split(payload)
    rest = b"" if parts is None else parts[1]
    found = []
    while rest[:1] == bytes((_EXTENSION,)):
        length, start = _unlaced(rest, 1)
        data, rest = rest[start : start + length], rest[start + length :]
        if len(data) != length or length < 2 or not data[0] or data[1] & _CODE_3:
            break
        found.append((data[0], data[1:]))
    return found


def _split(payload: bytes) -> tuple[bytes, bytes] | None:
    """The frame and the padding of a packet with one frame."""
    if not payload:
        return None
    if not payload[0] & _CODE_3:
        return payload[1:], b""
    if payload[0] & _CODE_3 != _CODE_3 or len(payload) < 2 or payload[1] & _COUNT != 1:
        return None
    at, padded = 2, 0
    while payload[1] & _PADDED:
        if at >= len(payload):
            return None
        padded += min(254, payload[at])
        at += 1
        if payload[at - 1] < 255:
            break
    end = len(payload) - padded
    return (payload[at:end], payload[end:]) if end >= at else None


def _padding_length(count: int) -> bytes:
    full, rest = divmod(count, 254)
    return b"\xff" * full + bytes((rest,))


def _laced(count: int) -> bytes:
    full, rest = divmod(count, 255)
    return b"\xff" * full + bytes((rest,))


def _unlaced(data: bytes, at: int) -> tuple[int, int]:
    """A length, and where what it measures begins."""
    length = 0
    while at < len(data):
        length += data[at]
        at += 1
        if data[at - 1] < 255:
            break
    return length, at
