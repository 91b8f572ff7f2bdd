"""Asking a router for a port: NAT-PMP (RFC 6886) and PCP (RFC 6887) messages ↔ bytes (calls.md §4.3)."""

import ipaddress
import struct
from dataclasses import dataclass
from typing import Final

from wzp_core.errors import ErrorCode, RemoteViolation

SERVER_PORT: Final = 5351
LIFETIME_S: Final = 7200
NONCE_BYTES: Final = 12

_PCP_BYTES: Final = 60
_UDP: Final = 17
_MAPPED_V4: Final = bytes(10) + b"\xff\xff"


@dataclass(frozen=True, slots=True)
class Granted:
    """`ip` None: the answer does not tell."""

    port: int
    lifetime_s: int
    ip: str | None = None


def natpmp_address_request() -> bytes:
    return b"\0\0"


def natpmp_request(port: int, *, lifetime_s: int = LIFETIME_S) -> bytes:
    """The same port outside, where it is free; lifetime 0 gives it back."""
    return struct.pack("!BBHHHI", 0, 1, 0, port, port if lifetime_s else 0, lifetime_s)


def read_natpmp_address(data: bytes) -> str:
    """Raises RemoteViolation, as all readers here."""
    if len(data) < 12 or data[:2] != b"\0\x80" or data[2:4] != b"\0\0":
        raise _bad("NAT-PMP address")
    return str(ipaddress.IPv4Address(data[8:12]))


def read_natpmp(data: bytes, port: int) -> Granted:
    if len(data) < 16 or data[:2] != b"\0\x81" or data[2:4] != b"\0\0":
        raise _bad("NAT-PMP mapping")
    internal, external, lifetime = struct.unpack_from("!HHI", data, 8)
    if internal != port or external == 0 or lifetime == 0:
        raise _bad("NAT-PMP mapping of another port")
    return Granted(external, lifetime)


def pcp_request(nonce: bytes, client_ip: str, port: int, *, lifetime_s: int = LIFETIME_S) -> bytes:
    """A MAP; for an IPv6 address it is a pinhole through the router's firewall (RFC 6887 §11).

    `nonce` is 12 bytes of chance, the same for renewing and giving back.
    """
    client = ipaddress.ip_address(client_ip)
    source = client.packed if client.version == 6 else _MAPPED_V4 + client.packed
    anywhere = bytes(16) if client.version == 6 else _MAPPED_V4 + bytes(4)
    head = struct.pack("!BBHI", 2, 1, 0, lifetime_s) + source
    return head + nonce + struct.pack("!B3xHH", _UDP, port, port if lifetime_s else 0) + anywhere


def read_pcp(data: bytes, nonce: bytes, port: int, *, is_v6: bool = False) -> Granted:
    """`is_v6`: of an IPv6 address, and so another."""
    if len(data) < _PCP_BYTES or data[0] != 2 or data[1] != 0x81 or data[3] != 0 or data[24:36] != nonce:
        raise _bad("PCP mapping")
    internal, external = struct.unpack_from("!HH", data, 40)
    lifetime = int.from_bytes(data[4:8], "big")
    if data[36] != _UDP or internal != port or external == 0 or lifetime == 0:
        raise _bad("PCP mapping of something else")
    if (data[44:56] == _MAPPED_V4) is is_v6:
        raise _bad("PCP address")
    ip = ipaddress.IPv6Address(data[44:60]) if is_v6 else ipaddress.IPv4Address(data[56:60])
    return Granted(external, lifetime, str(ip))


def _bad(what: str) -> RemoteViolation:
    return RemoteViolation(ErrorCode.BAD_VALUE, what=what)
