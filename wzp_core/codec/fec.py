"""Blocks of Codec2 frames that survive the loss of many: RaptorQ symbols out and in (media.md §6, RFC 6330)."""

import importlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

import numpy as np

from wzp_core.codec.codec2 import MODES
from wzp_core.errors import ErrorCode, LocalMisuse
from wzp_core.protocol.media.header import MediaHeader, MediaPacket, ratio_of
from wzp_core.protocol.media.sequence import distance
from wzp_core.protocol.profile import CodecId, QualityProfile, profile_of

SYMBOL_BYTES: Final = 256
MOST_RATIO: Final = 2.0  # the header has no code for more

_MOST_BLOCKS: Final = 8
_MOST_REPAIRS: Final = 32  # of one block: twice the largest
_BLOCK_LIFE_S: Final = 2.0
_RESIDUAL_LOSS: Final = 0.05  # of blocks that may stay unrepairable
_PREFIX_BYTES: Final = 2
_SOURCE_BLOCK: Final = b"\x00"
_BLOCK_IDS: Final = 256


@lru_cache(maxsize=1)
def fec_available() -> bool:
    """Whether the library is installed and loads."""
    try:
        importlib.import_module("raptorq")
    except (ImportError, OSError):
        return False
    return True


def is_protected(codec: CodecId) -> bool:
    """Opus carries its own redundancy."""
    return codec in MODES


# --- out


def repair_count(frames: int, ratio: float) -> int:
    """How many repair packets follow a block; in single precision, as every sender computes it."""
    return math.ceil(np.float32(frames) * np.float32(min(MOST_RATIO, max(0.0, ratio))))


def repair_ratio(profile: QualityProfile, *, loss_pct: float, boost: float = 0.0) -> float:
    """The profile's ratio with `boost`, raised until nineteen of twenty blocks survive `loss_pct`; at most 2."""
    frames = profile.frames_per_block
    most = repair_count(frames, MOST_RATIO)
    least = repair_count(frames, profile.fec_ratio + boost)
    arrives = 1.0 - min(100.0, max(0.0, loss_pct)) / 100.0
    needed = next((n for n in range(least, most) if _shortfall(frames, n, arrives) <= _RESIDUAL_LOSS), most)
    return needed / frames


def _shortfall(frames: int, repairs: int, arrives: float) -> float:
    """Probability that a frame is lost and fewer than `frames` symbols arrive."""
    total = frames + repairs
    return sum(math.comb(total, k) * arrives**k * (1.0 - arrives) ** (total - k) for k in range(frames))


def repair_symbols(frames: Sequence[bytes], count: int, *, short: bool = False) -> list[bytes]:
    """The first `count` repair payloads of a block; none where the library is missing.

    All bytes behind the longest frame are zero in every symbol; `short` leaves them away, for receivers that put them
    back. Raises LocalMisuse(TOO_LARGE) for a frame that fits no symbol.
    """
    if any(len(frame) > SYMBOL_BYTES - _PREFIX_BYTES for frame in frames):
        raise LocalMisuse(ErrorCode.TOO_LARGE, what="frame for a symbol")
    if count <= 0 or not frames or not fec_available():
        return []
    content = b"".join(_prefixed(frame) for frame in frames)
    encoder = importlib.import_module("raptorq").Encoder.with_defaults(content, SYMBOL_BYTES)
    packets: list[bytes] = encoder.get_encoded_packets(count)
    symbols = [packet[4:] for packet in packets[len(frames) :]]
    return [symbol.rstrip(b"\x00") or b"\x00" for symbol in symbols] if short else symbols


def _prefixed(frame: bytes) -> bytes:
    return (len(frame).to_bytes(_PREFIX_BYTES, "little") + frame).ljust(SYMBOL_BYTES, b"\x00")


def _bare(frame: bytes) -> bytes:
    return frame.ljust(SYMBOL_BYTES, b"\x00")


# --- in


@dataclass(slots=True)
class _Block:
    sequence: int  # of its first frame
    timestamp_ms: int
    opened_at: float
    frames: dict[int, bytes] = field(default_factory=dict)
    repairs: dict[int, bytes] = field(default_factory=dict)
    done: bool = False


class BlockDecoder:
    """One stream's blocks of one codec. At most 8 blocks of at most 8 + 32 symbols are kept, each for 2 s."""

    def __init__(self, codec: CodecId) -> None:
        """Raises LocalMisuse for a codec that is not protected in blocks."""
        profile = profile_of(codec)
        if profile is None or not is_protected(codec):
            raise LocalMisuse(ErrorCode.BAD_VALUE, what="codec without blocks", codec=codec.wire_name)
        self.codec = codec
        self._count = profile.frames_per_block
        self._frame_ms = profile.frame_duration_ms
        self._frame_bytes = MODES[codec].frame_bytes
        self._blocks: dict[int, _Block] = {}

    def __len__(self) -> int:
        """Symbols kept."""
        return sum(len(block.frames) + len(block.repairs) for block in self._blocks.values())

    def add(self, packet: MediaPacket, now: float) -> list[MediaPacket]:
        """Takes in a source or repair packet; what could be rebuilt, with `repair` set and no report.

        What fits no block is ignored.
        """
        header = packet.header
        if not self._fits(header, packet.payload):
            return []
        block = self._block_of(header, now)
        if block.done:
            return []
        if header.repair:
            if len(block.repairs) < _MOST_REPAIRS:
                block.repairs.setdefault(header.fec_symbol, _bare(packet.payload))
        else:
            block.frames.setdefault(header.fec_symbol, packet.payload[: self._frame_bytes])
        return self._rebuilt(block, header)

    def repairs_between(self, header: MediaHeader, missing: int) -> list[tuple[int, int]]:
        """Which of the `missing` packets just before this one were repairs: their sequence numbers and timestamps.

        They carry no audio, so nothing needs to be played in their place.
        """
        if header.fec_symbol >= self._count and not header.repair:
            return []
        repairs = _announced_repairs(self._count, header.fec_ratio)
        stride = self._count + repairs
        first = header.sequence - header.fec_symbol
        began = self._began(header)
        found = []
        for number in range(header.sequence - min(missing, 2 * stride), header.sequence):
            blocks, place = divmod(number - first, stride)
            if place >= self._count:
                ended = began + (blocks + 1) * self._count * self._frame_ms
                found.append((number & 0xFFFF, ended & 0xFFFF_FFFF))
        return found

    def _fits(self, header: MediaHeader, payload: bytes) -> bool:
        if header.codec is not self.codec:
            return False
        if header.repair:
            symbol = header.fec_symbol - self._count
            return 0 <= symbol < _MOST_REPAIRS and 0 < len(payload) <= SYMBOL_BYTES
        return header.fec_symbol < self._count and len(payload) >= self._frame_bytes

    def _began(self, header: MediaHeader) -> int:
        """Timestamp of the block's first frame; a repair packet has that of the block's end."""
        frames = self._count if header.repair else header.fec_symbol
        return header.timestamp_ms - frames * self._frame_ms

    def _block_of(self, header: MediaHeader, now: float) -> _Block:
        """Ids come again after 256 blocks, and sooner where the sender starts anew."""
        sequence = (header.sequence - header.fec_symbol) & 0xFFFF
        block = self._blocks.get(header.fec_block)
        stale = block is not None and now - block.opened_at >= _BLOCK_LIFE_S
        moved = block is not None and not header.repair and distance(block.sequence, sequence) != 0
        if block is None or stale or moved:
            self._blocks.pop(header.fec_block, None)
            while len(self._blocks) >= _MOST_BLOCKS:
                del self._blocks[next(iter(self._blocks))]
            block = _Block(sequence, self._began(header) & 0xFFFF_FFFF, now)
            self._blocks[header.fec_block] = block
        return block

    def _rebuilt(self, block: _Block, header: MediaHeader) -> list[MediaPacket]:
        if len(block.frames) + len(block.repairs) < self._count or not block.repairs:
            return []
        missing = [number for number in range(self._count) if number not in block.frames]
        frames = self._solved(block) if missing else {}
        if missing and not frames:
            return []
        block.done = True
        block.frames.clear()
        block.repairs.clear()
        return [self._packet(block, header, number, frames[number]) for number in missing]

    def _solved(self, block: _Block) -> dict[int, bytes]:
        """Every frame of the block; empty where the symbols are not enough or make no sense.

        The specification has the length in front of each frame; senders that left it away are understood too.
        """
        for layout in (_prefixed, _bare):
            symbols = {number: layout(frame) for number, frame in block.frames.items()} | block.repairs
            content = _decoded(self._count, symbols)
            if content is None:
                return {}
            skip = _PREFIX_BYTES if layout is _prefixed else 0
            pieces = [content[i : i + SYMBOL_BYTES] for i in range(0, len(content), SYMBOL_BYTES)]
            frames = [piece[skip : skip + self._frame_bytes] for piece in pieces]
            if [layout(frame) for frame in frames] == pieces:
                return dict(enumerate(frames))
        return {}

    def _packet(self, block: _Block, header: MediaHeader, number: int, frame: bytes) -> MediaPacket:
        rebuilt = replace(
            header,
            repair=True,
            has_report=False,
            sequence=(block.sequence + number) & 0xFFFF,
            timestamp_ms=(block.timestamp_ms + number * self._frame_ms) & 0xFFFF_FFFF,
            fec_symbol=number,
        )
        return MediaPacket(rebuilt, frame)


def _announced_repairs(frames: int, code: int) -> int:
    """What a header's ratio code says; it is rounded, so the least ratio with this code counts."""
    return math.ceil(frames * max(0.0, ratio_of(code) - ratio_of(1) / 2) - 1e-9)


def _decoded(count: int, symbols: Mapping[int, bytes]) -> bytes | None:
    """The block's content; None where these symbols do not determine it."""
    if not fec_available():
        return None
    try:
        decoder = importlib.import_module("raptorq").Decoder.with_defaults(count * SYMBOL_BYTES, SYMBOL_BYTES)
        for number, symbol in symbols.items():
            content: bytes | None = decoder.decode(_SOURCE_BLOCK + number.to_bytes(3, "big") + symbol)
            if content is not None:
                return content if len(content) == count * SYMBOL_BYTES else None
    except BaseException as failure:
        # The library is compiled and reports what it did not foresee by PanicException, which is no Exception.
        if not isinstance(failure, Exception) and type(failure).__name__ != "PanicException":
            raise
    return None


class BlockEncoder:
    """Numbers a stream's frames block by block and makes the repairs of each block."""

    def __init__(self) -> None:
        self.block = 0  # id of the block in progress
        self._frames: list[bytes] = []
        self._ratio = 0.0

    @property
    def symbol(self) -> int:
        """Index of the next frame in its block."""
        return len(self._frames)

    @property
    def ratio(self) -> float:
        """Of the block in progress: all its packets must name the same."""
        return self._ratio

    def begin(self, ratio: float) -> None:
        """Before each frame: a new block takes `ratio`, a block in progress keeps its own."""
        if not self._frames:
            self._ratio = ratio

    def add(self, frame: bytes, frames_per_block: int, *, short: bool) -> list[bytes]:
        """The repairs that are due after this frame; the caller sends them before calling `finish`."""
        self._frames.append(frame)
        if len(self._frames) < frames_per_block:
            return []
        return repair_symbols(self._frames, repair_count(frames_per_block, self._ratio), short=short)

    def finish(self) -> None:
        """Ends the block in progress, whole or not; the next frame begins another."""
        if self._frames:
            self._frames = []
            self.block = (self.block + 1) % _BLOCK_IDS
