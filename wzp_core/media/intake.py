"""What a received packet brings: itself, what can be rebuilt with it, and what need not be waited for."""

from dataclasses import dataclass, replace
from typing import Final

from wzp_core.codec.fec import BlockDecoder, is_protected
from wzp_core.codec.repeat import repeats
from wzp_core.codec.table import can_decode
from wzp_core.dsp.frame import FRAME_MS
from wzp_core.media.lifeboat import hold_ms, is_bundle, unpacked
from wzp_core.protocol.media.header import MediaHeader, MediaPacket
from wzp_core.protocol.profile import CodecId, profile_of

_LOSSY_S: Final = 10.0  # after the last loss
_MOST_HELD_MS: Final = 240  # no sender makes us wait longer for what it repeats
_NO_AUDIO_AFTER: Final = 64  # packets missing in a row: too many to tell repairs from voices


@dataclass(frozen=True, slots=True)
class Arrival:
    """For the jitter buffer; without a packet only the place is taken."""

    sequence: int
    timestamp_ms: int
    packet: MediaPacket | None


class Intake:
    """One stream's; keeps the blocks that may still be repaired."""

    def __init__(self) -> None:
        self.numbers = 1  # sequence numbers that the latest packet took
        self._blocks: BlockDecoder | None = None
        self._bundling_ms = 0.0  # from the first frame of a packet to its last
        self._recovery_ms = 0.0  # from a frame to what can repair it
        self._lossy_until = 0.0

    def hold_ms(self, now: float) -> float:
        """How long frames have to be held: for the bundle they come in, and for repairs while packets are lost."""
        return self._bundling_ms + (self._recovery_ms if now < self._lossy_until else 0.0)

    def arrivals(self, packet: MediaPacket, missing: int, now: float) -> list[Arrival]:
        """In the order of their use; `missing` packets just before this one have not come.

        Raises RemoteViolation(MALFORMED_PACKET) for a damaged bundle.
        """
        header = packet.header
        self.numbers = 1
        if header.codec is not CodecId.COMFORT_NOISE:
            self._bundling_ms = float(hold_ms(header.codec)) if is_bundle(header) else 0.0
            self._recovery_ms = _recovery_ms(header)
        if missing:
            self._lossy_until = now + _LOSSY_S
        if not _plays(header.codec):
            return [Arrival(header.sequence, header.timestamp_ms, None)]
        if is_bundle(header):
            own, repeated = unpacked(packet)
            self.numbers = len(own)
            return [_arrival(slot) for slot in (own + repeated if missing else own)]
        itself = Arrival(header.sequence, header.timestamp_ms, None if header.repair else packet)
        if header.codec.is_opus:
            again = _repeated(packet)
            self._recovery_ms = max((_apart_ms(packet, frame) for frame in again), default=0.0)
            return [*(_arrival(frame) for frame in again), itself]
        if not is_protected(header.codec):
            return [itself]
        blocks = self._blocks_of(header.codec)
        rebuilt = [_arrival(frame) for frame in blocks.add(packet, now)]
        passed = blocks.repairs_between(header, missing) if missing <= _NO_AUDIO_AFTER else []
        return [*(Arrival(*place, None) for place in passed), itself, *rebuilt]

    def _blocks_of(self, codec: CodecId) -> BlockDecoder:
        if self._blocks is None or self._blocks.codec is not codec:
            self._blocks = BlockDecoder(codec)
        return self._blocks


def _arrival(packet: MediaPacket) -> Arrival:
    return Arrival(packet.header.sequence, packet.header.timestamp_ms, packet)


def _recovery_ms(header: MediaHeader) -> float:
    profile = profile_of(header.codec)
    if profile is None or not is_protected(header.codec) or is_bundle(header) or not header.fec_ratio:
        return 0.0
    return float(profile.frames_per_block * profile.frame_duration_ms + FRAME_MS)


def _repeated(packet: MediaPacket) -> list[MediaPacket]:
    """The packets that come again inside this one, marked by the repair flag, oldest first."""
    header, profile = packet.header, profile_of(packet.header.codec)
    if profile is None or header.repair:
        return []
    return [
        MediaPacket(
            replace(
                header,
                repair=True,
                has_report=False,
                sequence=(header.sequence - ago) & 0xFFFF,
                timestamp_ms=(header.timestamp_ms - ago * profile.frame_duration_ms) & 0xFFFF_FFFF,
            ),
            payload,
        )
        for ago, payload in sorted(repeats(packet.payload), reverse=True)
    ]


def _apart_ms(packet: MediaPacket, earlier: MediaPacket) -> float:
    apart = (packet.header.timestamp_ms - earlier.header.timestamp_ms) & 0xFFFF_FFFF
    return float(min(_MOST_HELD_MS, apart + FRAME_MS))


def _plays(codec: CodecId) -> bool:
    return can_decode(codec) or codec is CodecId.COMFORT_NOISE
