"""The one STUN exchange that is needed: which address does a server see (RFC 8489 §5, §14; calls.md §4.2)."""

import ipaddress
import struct
from typing import Final, TypeAlias

from wzp_core.errors import ErrorCode, RemoteViolation

Address: TypeAlias = tuple[str, int]

TRANSACTION_BYTES: Final = 12

_COOKIE: Final = 0x2112A442
_COOKIE_BYTES: Final = _COOKIE.to_bytes(4, "big")
_HEADER: Final = struct.Struct("!HH4s12s")
_REQUEST, _RESPONSE, _ERROR = 0x0001, 0x0101, 0x0111
_MAPPED, _XOR_MAPPED = 0x0001, 0x0020
_LONGEST: Final = 576


def binding_request(transaction: bytes) -> bytes:
    """20 bytes; `transaction` is 12 bytes of chance."""
    return _HEADER.pack(_REQUEST, 0, _COOKIE_BYTES, transaction)


def binding_response(transaction: bytes, seen: Address) -> bytes:
    """What a server answers to a client it sees at `seen`."""
    ip = ipaddress.ip_address(seen[0])
    family = 1 if ip.version == 4 else 2
    mask = _COOKIE_BYTES + transaction
    host = bytes(byte ^ key for byte, key in zip(ip.packed, mask, strict=False))
    value = struct.pack("!xBH", family, seen[1] ^ (_COOKIE >> 16)) + host
    attribute = struct.pack("!HH", _XOR_MAPPED, len(value)) + value
    return _HEADER.pack(_RESPONSE, len(attribute), _COOKIE_BYTES, transaction) + attribute


def is_stun(data: bytes) -> bool:
    return len(data) >= _HEADER.size and data[0] < 0x40 and data[4:8] == _COOKIE_BYTES


def read_binding_response(data: bytes, transaction: bytes) -> Address:
    """The mapped address. Raises RemoteViolation for anything but a good answer to this transaction."""
    if not is_stun(data) or len(data) > _LONGEST:
        raise _bad("no STUN")
    kind, length, _, answered = _HEADER.unpack_from(data)
    if answered != transaction or kind not in (_RESPONSE, _ERROR) or length != len(data) - _HEADER.size:
        raise _bad("not the answer")
    if kind == _ERROR:
        raise _bad("refused")
    attributes = dict(_attributes(data[_HEADER.size :]))
    if (value := attributes.get(_XOR_MAPPED)) is not None:
        return _address(value, _COOKIE_BYTES + transaction)
    if (value := attributes.get(_MAPPED)) is not None:
        return _address(value, bytes(16))
    raise _bad("no address")


def _attributes(body: bytes) -> list[tuple[int, bytes]]:
    """In reverse, so that of a repeated attribute the first one counts (RFC 8489 §14)."""
    found: list[tuple[int, bytes]] = []
    place = 0
    while place + 4 <= len(body):
        kind, length = struct.unpack_from("!HH", body, place)
        value = body[place + 4 : place + 4 + length]
        if len(value) < length:
            raise _bad("cut off")
        found.insert(0, (kind, value))
        place += 4 + (length + 3) // 4 * 4
    return found


def _address(value: bytes, mask: bytes) -> Address:
    size = {1: 4, 2: 16}.get(value[1] if len(value) > 1 else 0)
    if size is None or len(value) != 4 + size:
        raise _bad("address")
    host = bytes(byte ^ key for byte, key in zip(value[4:], mask, strict=False))
    port = int.from_bytes(value[2:4], "big") ^ int.from_bytes(mask[:2], "big")
    if port == 0:
        raise _bad("port")
    return str(ipaddress.ip_address(host)), port


def _bad(why: str) -> RemoteViolation:
    return RemoteViolation(ErrorCode.BAD_VALUE, what="STUN answer", why=why)
