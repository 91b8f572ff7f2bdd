"""Full packet header ↔ bytes (media.md §1, e2e.md §1)."""

import struct
from dataclasses import dataclass

from wzp_core.errors import ErrorCode, LocalMisuse, RemoteViolation
from wzp_core.protocol.media.report import REPORT_BYTES, QualityReport
from wzp_core.protocol.profile import CodecId

HEADER_BYTES = 12
_LAYOUT = struct.Struct(">BBHIBBBB")
_RATIO_STEPS = 63.5
_GREATEST_CODE = 0x7F
_REPAIR, _REPORT, _RATIO_TOP = 0x40, 0x02, 0x01
_SEALED = 0x01
_CODECS = {codec.value: codec for codec in CodecId}


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaHeader:
    """Twelve bytes before every payload; later builds' bits in bytes 10 and 11 are zero with older senders."""

    codec: CodecId
    sequence: int  # u16, wraps
    timestamp_ms: int  # u32, since the sender's stream began
    version: int = 0
    repair: bool = False
    has_report: bool = False
    fec_ratio: int = 0  # seven-bit code, see `ratio_code`
    fec_block: int = 0
    fec_symbol: int = 0
    sealed: bool = False  # payload is end-to-end encrypted
    epoch: int = 0  # of the key, modulo 8
    level: int = 0  # speech, 0 silent … 15 loud
    stream_id: int = 0  # of the sender in its room; 0 = not assigned

    def encode(self) -> bytes:
        """Raises LocalMisuse(BAD_VALUE) for a value that does not fit its bits."""
        if self.version >> 1 or self.fec_ratio >> 7 or self.epoch >> 3 or self.level >> 4:
            raise LocalMisuse(ErrorCode.BAD_VALUE, what="media header", header=self)
        try:
            return _LAYOUT.pack(
                self.version << 7 | self.repair << 6 | self.codec << 2 | self.has_report << 1 | self.fec_ratio >> 6,
                (self.fec_ratio & 0x3F) << 2,
                self.sequence,
                self.timestamp_ms,
                self.fec_block,
                self.fec_symbol,
                self.sealed | self.epoch << 1 | self.level << 4,
                self.stream_id,
            )
        except struct.error as error:
            raise LocalMisuse(ErrorCode.BAD_VALUE, what="media header", why=str(error)) from None

    @classmethod
    def decode(cls, data: bytes) -> "MediaHeader":
        """From the first twelve bytes. Raises RemoteViolation(MALFORMED_PACKET)."""
        if len(data) < HEADER_BYTES:
            raise RemoteViolation(ErrorCode.MALFORMED_PACKET, length=len(data))
        first, second, sequence, timestamp, block, symbol, flags, stream = _LAYOUT.unpack_from(data)
        codec = _CODECS.get(first >> 2 & 0x0F)
        if codec is None:
            raise RemoteViolation(ErrorCode.MALFORMED_PACKET, what="codec", number=first >> 2 & 0x0F)
        return cls(
            version=first >> 7,
            repair=bool(first & _REPAIR),
            codec=codec,
            has_report=bool(first & _REPORT),
            fec_ratio=(first & _RATIO_TOP) << 6 | second >> 2,
            sequence=sequence,
            timestamp_ms=timestamp,
            fec_block=block,
            fec_symbol=symbol,
            sealed=bool(flags & _SEALED),
            epoch=flags >> 1 & 7,
            level=flags >> 4,
            stream_id=stream,
        )


@dataclass(frozen=True, slots=True)
class MediaPacket:
    """One frame, as the codec made it or sealed."""

    header: MediaHeader
    payload: bytes
    report: QualityReport | None = None


def encode_packet(packet: MediaPacket) -> bytes:
    """Header ‖ payload ‖ report. Raises LocalMisuse(BAD_VALUE), also where the Q flag is wrong about the report."""
    if packet.header.has_report != (packet.report is not None):
        raise LocalMisuse(ErrorCode.BAD_VALUE, what="quality report", flag=packet.header.has_report)
    trailer = packet.report.encode() if packet.report is not None else b""
    return packet.header.encode() + packet.payload + trailer


def decode_packet(data: bytes) -> MediaPacket:
    """Raises RemoteViolation(MALFORMED_PACKET)."""
    header = MediaHeader.decode(data)
    if not header.has_report:
        return MediaPacket(header, data[HEADER_BYTES:])
    if len(data) < HEADER_BYTES + REPORT_BYTES:
        raise RemoteViolation(ErrorCode.MALFORMED_PACKET, what="no room for the report", length=len(data))
    return MediaPacket(header, data[HEADER_BYTES:-REPORT_BYTES], QualityReport.decode(data[-REPORT_BYTES:]))


def ratio_code(ratio: float) -> int:
    """The seven-bit code of a FEC ratio, rounding halves away from zero; beyond 0…2 the nearest end."""
    return int(min(float(_GREATEST_CODE), max(0.0, ratio * _RATIO_STEPS + 0.5)))


def ratio_of(code: int) -> float:
    """The FEC ratio of a seven-bit code."""
    return code / _RATIO_STEPS


def well_formed(datagram: bytes) -> bool:
    """Whether `decode_packet` would accept it; for a relay, which opens nothing."""
    length = len(datagram)
    if length < HEADER_BYTES or datagram[0] >> 2 & 0x0F not in _CODECS:
        return False
    return not datagram[0] & _REPORT or length >= HEADER_BYTES + REPORT_BYTES


def peek_stream_id(datagram: bytes) -> int:
    """Of a well-formed packet."""
    return datagram[11]


def peek_report(datagram: bytes) -> bytes:
    """The coded quality report of a well-formed packet, sealed or not; empty where it carries none."""
    return datagram[-REPORT_BYTES:] if datagram[0] & _REPORT else b""


def peek_level(datagram: bytes) -> int:
    """Speech level 0…15 of a well-formed packet."""
    return datagram[10] >> 4
