"""Any symbols in any order: rebuilt or ignored, never more memory, never a crash."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from wzp_core.codec.codec2 import MODES
from wzp_core.codec.fec import BlockDecoder, repair_symbols
from wzp_core.protocol.media.header import MediaHeader, MediaPacket
from wzp_core.protocol.profile import CodecId, profile_of

codecs = st.sampled_from([CodecId.CODEC2_3200, CodecId.CODEC2_1200])
MOST_SYMBOLS = 8 * (8 + 32)


@st.composite
def blocks(draw: st.DrawFn) -> tuple[CodecId, list[bytes], list[int]]:
    """A codec, the frames of one block and which of its symbols arrive: more than the frames, in any order."""
    codec = draw(codecs)
    profile = profile_of(codec)
    assert profile is not None
    count, size = profile.frames_per_block, MODES[codec].frame_bytes
    frames = draw(st.lists(st.binary(min_size=size, max_size=size), min_size=count, max_size=count))
    arriving = draw(st.lists(st.integers(0, 3 * count - 1), min_size=count + 1, max_size=3 * count, unique=True))
    return codec, frames, arriving


@settings(max_examples=150, deadline=None)
@given(blocks(), st.integers(0, 0xFFFF), st.integers(0, 255), st.booleans())
def test_one_symbol_more_than_frames_brings_every_frame_to_its_place(
    block: tuple[CodecId, list[bytes], list[int]], first: int, number: int, short: bool
) -> None:
    codec, frames, arriving = block
    count = len(frames)
    symbols = frames + repair_symbols(frames, 2 * count, short=short)
    header = MediaHeader(codec=codec, sequence=0, timestamp_ms=0, fec_block=number)
    decoder, found = BlockDecoder(codec), {}
    for symbol in arriving:
        here = replace(header, sequence=(first + symbol) & 0xFFFF, fec_symbol=symbol, repair=symbol >= count)
        for packet in decoder.add(MediaPacket(here, symbols[symbol]), 0.0):
            found[(packet.header.sequence - first) & 0xFFFF] = packet.payload
    came = {symbol for symbol in arriving if symbol < count}
    assert all(frames[symbol] == payload for symbol, payload in found.items())
    assert found.keys() | came == set(range(count))


garbage = st.tuples(
    st.integers(0, 0xFFFF), st.integers(0, 255), st.integers(0, 255), st.booleans(), st.binary(max_size=300)
)


@settings(max_examples=100, deadline=None)
@given(codecs, st.lists(garbage, max_size=120))
def test_garbage_is_ignored_within_bounds(codec: CodecId, packets: list[tuple[int, int, int, bool, bytes]]) -> None:
    decoder = BlockDecoder(codec)
    for index, (sequence, block, symbol, repair, payload) in enumerate(packets):
        header = MediaHeader(
            codec=codec, sequence=sequence, timestamp_ms=0, repair=repair, fec_block=block % 4, fec_symbol=symbol % 16
        )
        for rebuilt in decoder.add(MediaPacket(header, payload), index * 0.001):
            assert len(rebuilt.payload) == MODES[codec].frame_bytes
        assert all(0 <= place <= 0xFFFF for place, _ in decoder.repairs_between(header, symbol))
        assert len(decoder) <= MOST_SYMBOLS
