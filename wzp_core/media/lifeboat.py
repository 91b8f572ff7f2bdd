"""The lifeboat: a voice over 8 kbit/s and 20 % loss, as bundles of Codec2 frames (docs/adr/0003-lifeboat.md).

A bundle is the payload of one media packet with a full header: codec id Codec2_3200 or Codec2_1200, the repair flag
set and FEC symbol 255. No block of real repairs reaches that symbol, and receivers that know no bundles skip repairs,
so that none of them can take one for a voice; it is sent only to peers that announced the word `lifeboat` all the same.

A bundle covers slots of one frame each. Slot 0 has the header's sequence number and timestamp, and every slot takes a
number and a frame's time, so that receivers order, hold and conceal frames as if each had come alone.

    byte 0   0x4C, the marker
    byte 1   how many slots the packet covers; at most 240 ms
    byte 2   how many slots the packet before covered, if its frames are repeated here; 0 = they are not
    byte 3   noise level of the slots without a frame, as in comfort noise
    then     runs of frames: i8 first slot ‖ u8 count ‖ frames, in rising order, to the end of the payload

A run's place counts from this packet's own header and from nothing else: what was lost before cannot move it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from wzp_core.codec.codec2 import MODES
from wzp_core.dsp.frame import FRAME_MS
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.media.header import MediaHeader, MediaPacket
from wzp_core.protocol.profile import CodecId, profile_of

BUNDLE_MS: Final = 240
SYMBOL: Final = 255
SILENCE_INTERVAL_MS: Final = 480  # between packets while nobody speaks: half of what would count as a lost path

_MARKER: Final = 0x4C
_MOST_FRAME_BYTES: Final = 144  # of the 240 bytes that 8 kbit/s carry in 240 ms, headers take 86 and runs a few
_HEAD_BYTES, _RUN_BYTES = 4, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Frames by slot; slots without one are silent."""

    span: int  # slots
    back: int = 0  # slots of the packet before, where its frames are repeated, at -back and after
    noise: int = 0
    frames: Mapping[int, bytes]

    def encode(self) -> bytes:
        parts = [bytes((_MARKER, self.span, self.back, self.noise))]
        for first, run in _runs(self.frames):
            parts += [first.to_bytes(1, "big", signed=True), bytes((len(run),)), *run]
        return b"".join(parts)

    @classmethod
    def decode(cls, payload: bytes, codec: CodecId) -> "Bundle":
        """Raises RemoteViolation(MALFORMED_PACKET) for anything but a whole bundle of that codec."""
        if len(payload) < _HEAD_BYTES or payload[0] != _MARKER or not 1 <= payload[1] <= slots_of(codec):
            raise RemoteViolation(ErrorCode.MALFORMED_PACKET, what="bundle", length=len(payload))
        _, span, back, noise = payload[:_HEAD_BYTES]
        frames = _frames_of(payload, MODES[codec].frame_bytes)
        if back > slots_of(codec) or not frames.keys() <= set(range(-back, span)):
            raise RemoteViolation(ErrorCode.MALFORMED_PACKET, what="slots of a bundle", back=back)
        return cls(span=span, back=back, noise=noise, frames=frames)


def slots_of(codec: CodecId) -> int:
    """The longest bundle."""
    return BUNDLE_MS // _slot_ms(codec)


def hold_ms(codec: CodecId) -> int:
    """How long the first frame of a bundle has to wait, until it may have come again.

    The boat is not boarded without need: receivers wait from the first packet on and do not stumble at the first loss.
    """
    return (BUNDLE_MS * 2 if _repeats(codec) else BUNDLE_MS) + FRAME_MS  # bundles of unlike size come unevenly


def _repeats(codec: CodecId) -> bool:
    return 2 * slots_of(codec) * MODES[codec].frame_bytes <= _MOST_FRAME_BYTES


def is_bundle(header: MediaHeader) -> bool:
    return header.repair and header.fec_symbol == SYMBOL and header.codec in MODES


def unpacked(packet: MediaPacket) -> tuple[list[MediaPacket], list[MediaPacket]]:
    """The packet's own slots, and those repeated from the packet before it, marked by the repair flag.

    A silent slot becomes a packet of comfort noise. Raises RemoteViolation(MALFORMED_PACKET).
    """
    bundle = Bundle.decode(packet.payload, packet.header.codec)
    own = [_alone(packet.header, bundle, slot) for slot in range(bundle.span)]
    return own, [_alone(packet.header, bundle, slot) for slot in range(-bundle.back, 0)]


def _alone(header: MediaHeader, bundle: Bundle, slot: int) -> MediaPacket:
    frame = bundle.frames.get(slot)
    header = replace(
        header,
        codec=CodecId.COMFORT_NOISE if frame is None else header.codec,
        repair=slot < 0,
        has_report=False,
        sequence=(header.sequence + slot) & 0xFFFF,
        timestamp_ms=(header.timestamp_ms + slot * _slot_ms(header.codec)) & 0xFFFF_FFFF,
        fec_symbol=0,
    )
    return MediaPacket(header, bytes((bundle.noise,)) if frame is None else frame)


class LifeboatPacker:
    """Frames and silences in, a bundle every 240 ms out, each with the frames of the one before where they fit."""

    def __init__(self, codec: CodecId) -> None:
        self._slots = slots_of(codec)
        self._repeats = _repeats(codec)
        self._frames: dict[int, bytes] = {}
        self._filled = 0
        self._noise = 0
        self._before: dict[int, bytes] = {}  # frames of the last bundle
        self._span_before = 0

    @property
    def filled(self) -> int:
        """Slots of the bundle in progress."""
        return self._filled

    def add(self, frame: bytes | None, noise: int) -> Bundle | None:
        """The next slot, None where it is silent; a bundle when it is whole."""
        if frame is not None:
            self._frames[self._filled] = frame
        else:
            self._noise = noise
        self._filled += 1
        return self.flush() if self._filled == self._slots else None

    def flush(self) -> Bundle | None:
        """What was collected; None where that is nothing. A bundle without frames need not be sent."""
        if not self._filled:
            return None
        before = self._before if self._repeats else {}
        repeated = {slot - self._span_before: frame for slot, frame in before.items()}
        bundle = Bundle(
            span=self._filled,
            back=self._span_before if repeated else 0,
            noise=self._noise,
            frames=repeated | self._frames,
        )
        self._before, self._span_before = self._frames, self._filled
        self._frames, self._filled = {}, 0
        return bundle


def _slot_ms(codec: CodecId) -> int:
    profile = profile_of(codec)
    if profile is None or codec not in MODES:
        raise RemoteViolation(ErrorCode.MALFORMED_PACKET, what="bundle", codec=codec.wire_name)
    return profile.frame_duration_ms


def _runs(frames: Mapping[int, bytes]) -> list[tuple[int, list[bytes]]]:
    runs: list[tuple[int, list[bytes]]] = []
    for slot in sorted(frames):
        if runs and runs[-1][0] + len(runs[-1][1]) == slot:
            runs[-1][1].append(frames[slot])
        else:
            runs.append((slot, [frames[slot]]))
    return runs


def _frames_of(payload: bytes, frame_bytes: int) -> dict[int, bytes]:
    frames: dict[int, bytes] = {}
    at = _HEAD_BYTES
    while at < len(payload):
        run = payload[at : at + _RUN_BYTES]
        first = int.from_bytes(run[:1], "big", signed=True)
        count = run[1] if len(run) == _RUN_BYTES else 0
        at += _RUN_BYTES
        if not count or at + count * frame_bytes > len(payload) or (frames and first <= max(frames)):
            raise RemoteViolation(ErrorCode.MALFORMED_PACKET, what="run of a bundle", count=count)
        for slot in range(first, first + count):
            frames[slot] = payload[at : at + frame_bytes]
            at += frame_bytes
    return frames
