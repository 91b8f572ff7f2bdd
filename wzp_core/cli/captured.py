"""A room's packets in a file: who, where and when, then each with its time (desktop.md §10)."""

import json
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Final

from wzp_core.errors import ErrorCode, Unavailable

MAGIC: Final = b"WZP\x01"
_VERSION: Final = 1
_LENGTH, _RECORD = struct.Struct("<I"), struct.Struct("<QI")
_LONGEST: Final = 65_535  # of a packet, and of what stands at the beginning


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where and when a capture began; the time is RFC 3339."""

    room: str
    relay: str
    start_time: str


def write_origin(file: BinaryIO, origin: Origin) -> None:
    text = json.dumps({**asdict(origin), "version": _VERSION}).encode()
    file.write(MAGIC + _LENGTH.pack(len(text)) + text)


def write_packet(file: BinaryIO, at_s: float, packet: bytes) -> None:
    file.write(_RECORD.pack(int(at_s * 1e6), len(packet)) + packet)


def read_capture(path: Path) -> tuple[Origin, Iterator[tuple[float, bytes]]]:
    """The packets with their times, s; a last one that is cut off is left out. Raises Unavailable(BAD_FILE)."""
    try:
        data = path.read_bytes()
        magic, (length,) = data[:4], _LENGTH.unpack_from(data, 4)
        values = json.loads(data[8 : 8 + length])
        if magic != MAGIC or length > _LONGEST or values["version"] != _VERSION:
            raise ValueError(magic)
        origin = Origin(**{key: str(values[key]) for key in ("room", "relay", "start_time")})
    except (OSError, ValueError, TypeError, KeyError, struct.error) as error:
        raise Unavailable(ErrorCode.BAD_FILE, path=path, reason=error) from error
    return origin, _packets(data, 8 + length)


def _packets(data: bytes, at: int) -> Iterator[tuple[float, bytes]]:
    while at + _RECORD.size <= len(data):
        micros, length = _RECORD.unpack_from(data, at)
        packet = data[at + _RECORD.size : at + _RECORD.size + length]
        if length > _LONGEST or len(packet) < length:
            return
        yield micros / 1e6, packet
        at += _RECORD.size + length
