"""Four-byte quality trailer (media.md §2)."""

from dataclasses import dataclass

from wzp_core.errors import ErrorCode, LocalMisuse, RemoteViolation
from wzp_core.protocol.signal.base import U8

REPORT_BYTES = 4


@dataclass(frozen=True, slots=True)
class QualityReport:
    """The sender's own path, as coded on the wire: each value 0…255."""

    loss_pct: U8  # of 255
    rtt_4ms: U8
    jitter_ms: U8
    bitrate_cap_kbps: U8

    @classmethod
    def of(cls, *, loss_pct: float, rtt_ms: float, jitter_ms: float, cap_kbps: int = 200) -> "QualityReport":
        """Rounded down; what is out of range becomes the nearest end."""
        return cls(_byte(loss_pct * 255 / 100), _byte(rtt_ms / 4), _byte(jitter_ms), _byte(cap_kbps))

    @property
    def loss(self) -> float:
        """Percent."""
        return self.loss_pct / 255 * 100

    @property
    def rtt_ms(self) -> int:
        return self.rtt_4ms * 4

    def encode(self) -> bytes:
        """Raises LocalMisuse(BAD_VALUE) for a value out of range."""
        try:
            return bytes((self.loss_pct, self.rtt_4ms, self.jitter_ms, self.bitrate_cap_kbps))
        except ValueError:
            raise LocalMisuse(ErrorCode.BAD_VALUE, what="quality report", report=self) from None

    @classmethod
    def decode(cls, data: bytes) -> "QualityReport":
        """Raises RemoteViolation(MALFORMED_PACKET) unless there are exactly four bytes."""
        if len(data) != REPORT_BYTES:
            raise RemoteViolation(ErrorCode.MALFORMED_PACKET, what="quality report", length=len(data))
        return cls(*data)


def _byte(value: float) -> int:
    return int(min(255.0, max(0.0, value)))
