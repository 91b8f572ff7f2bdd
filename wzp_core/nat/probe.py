"""Light authenticated probes: 40 bytes that show that an address pair works, before any handshake is tried on it.

0     0x3a: both of QUIC's bits clear, and never STUN, whose cookie would stand at 4
1–3   kind, direction, version
4–7   "wzpp"
8–23  nonce: half of chance in a request; the reply repeats that half and adds a challenge of its own, which the
      confirmation repeats in its first half: only then is it certain that the asker lives where it seems to
24–39 HMAC-SHA256 over all before it, truncated
"""

import hmac
from dataclasses import dataclass
from enum import Enum

from wzp_core.crypto.hkdf import hkdf
from wzp_core.crypto.path_proof import path_key
from wzp_core.errors import ErrorCode, LocalMisuse

PROBE_BYTES = 40
_FIRST, _VERSION, _NAME = 0x3A, 1, b"wzpp"
_NONCE_BYTES = _MAC_BYTES = 16
_SIGNED_BYTES = PROBE_BYTES - _MAC_BYTES


class ProbeKind(Enum):
    REQUEST = 1
    REPLY = 2
    CONFIRM = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """`from_caller` keeps a probe from being played back to its own sender."""

    kind: ProbeKind
    from_caller: bool
    nonce: bytes


def probe_key(root: bytes) -> bytes:
    """The key of one call's probes, known to its two ends only."""
    return hkdf(path_key(root), b"wzp-path-probe-v1")


def encode_probe(probe: Probe, key: bytes) -> bytes:
    if len(probe.nonce) != _NONCE_BYTES:
        raise LocalMisuse(ErrorCode.BAD_VALUE, what="probe nonce", length=len(probe.nonce))
    head = bytes((_FIRST, probe.kind.value, int(probe.from_caller), _VERSION)) + _NAME + probe.nonce
    return head + _mac(head, key)


def read_probe(data: bytes, key: bytes) -> Probe | None:
    """The probe, or None where it is none of this call's: strangers get no other answer than silence."""
    if len(data) != PROBE_BYTES or data[0] != _FIRST or data[3] != _VERSION or data[4:8] != _NAME:
        return None
    if not hmac.compare_digest(_mac(data[:_SIGNED_BYTES], key), data[_SIGNED_BYTES:]):
        return None
    if data[1] not in (kind.value for kind in ProbeKind) or data[2] not in (0, 1):
        return None
    return Probe(kind=ProbeKind(data[1]), from_caller=data[2] == 1, nonce=bytes(data[8:_SIGNED_BYTES]))


def _mac(head: bytes, key: bytes) -> bytes:
    return hmac.digest(key, head, "sha256")[:_MAC_BYTES]
