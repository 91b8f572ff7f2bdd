"""Checked text ids: users, calls, rooms and certificates."""

import re
from typing import NewType

from wzp_core.errors import ErrorCode, RemoteViolation

Fingerprint = NewType("Fingerprint", str)
"""Identity fingerprint, `518e:b935:…`: 8 groups of 4 lower-case hex digits."""

TlsFingerprint = NewType("TlsFingerprint", str)
"""SHA-256 of a certificate's DER, `aa:bb:…`: 32 lower-case hex bytes."""

CallId = NewType("CallId", str)
RoomName = NewType("RoomName", str)

_LONGEST_CALL_ID = 64


def parse_fingerprint(text: str) -> Fingerprint:
    """The display form of a fingerprint typed or pasted in any form; its first 16 bytes count (crypto.md §1.1)."""
    digits = re.sub(r"[^0-9a-f]", "", text.lower())[:32]
    if len(digits) < 32:
        raise RemoteViolation(ErrorCode.BAD_VALUE, what="fingerprint", digits=len(digits))
    return Fingerprint(":".join(digits[i : i + 4] for i in range(0, 32, 4)))


def fingerprint_text(raw: bytes) -> Fingerprint:
    """The display form of 16 raw bytes."""
    return parse_fingerprint(raw.hex())


def parse_tls_fingerprint(text: str) -> TlsFingerprint:
    """The 95-character form of a certificate fingerprint written in any form (transport.md §2)."""
    digits = re.sub(r"[:\s]", "", text.lower())
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise RemoteViolation(ErrorCode.BAD_VALUE, what="certificate fingerprint", digits=len(digits))
    return TlsFingerprint(":".join(digits[i : i + 2] for i in range(0, 64, 2)))


def check_call_id(text: str) -> CallId:
    """A call id that may be used as a key and in a room name (`call-<id>` is also a host name label)."""
    if not re.fullmatch(rf"[0-9A-Za-z_-]{{1,{_LONGEST_CALL_ID - 5}}}", text):
        raise RemoteViolation(ErrorCode.BAD_VALUE, what="call id", length=len(text))
    return CallId(text)


def call_room(call_id: CallId) -> RoomName:
    """The private room of a direct call."""
    return RoomName(f"call-{call_id}")
