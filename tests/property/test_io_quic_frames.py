"""Frames of the short way against aioquic's own reading and writing of them, and against anything at all."""

from aioquic._buffer import Buffer
from aioquic.quic.packet import pull_ack_frame, push_ack_frame
from aioquic.quic.rangeset import RangeSet
from hypothesis import given
from hypothesis import strategies as st

from wzp_core.io.quic_frames import DATAGRAM_HEADS, ack_frame, media_frames, varint


@st.composite
def ascending(draw: st.DrawFn, most: int = 40) -> list[range]:
    at, ranges = 0, []
    for gap, length in draw(st.lists(st.tuples(st.integers(1, 5000), st.integers(1, 5000)), min_size=1, max_size=most)):
        ranges.append(range(at + gap, at + gap + length))
        at += gap + length
    return ranges


@given(ascending(), st.integers(0, 2**40))
def test_aioquic_reads_our_acknowledgements_of_the_newest_ranges(ranges: list[range], delay: int) -> None:
    buffer = Buffer(data=ack_frame(ranges, delay))
    assert buffer.pull_uint_var() == 2
    read, read_delay = pull_ack_frame(buffer)
    assert (list(read), read_delay) == (ranges[-16:], delay)
    assert buffer.eof()


@given(ascending(), st.integers(0, 2**40))
def test_we_read_acknowledgements_of_aioquic(ranges: list[range], delay: int) -> None:
    buffer = Buffer(capacity=2000)
    buffer.push_uint_var(2)
    push_ack_frame(buffer, RangeSet(ranges), delay, 1900)
    frames = media_frames(buffer.data)
    assert frames is not None
    assert (list(frames.acknowledged), frames.ack_delay, frames.elicits_ack) == (ranges, delay, False)


@given(st.lists(st.binary(max_size=200), max_size=5), st.binary(max_size=50))
def test_media_comes_out_as_it_went_in(media: list[bytes], last: bytes) -> None:
    payload = b"\x00\x01" + b"".join(DATAGRAM_HEADS[len(data)] + data for data in media) + b"\x30" + last
    frames = media_frames(payload)
    assert frames is not None
    assert list(frames.datagrams) == [*media, last]
    assert frames.elicits_ack


@given(st.integers(0, 2**62 - 1))
def test_integers_are_written_as_aioquic_reads_them(value: int) -> None:
    assert Buffer(data=varint(value)).pull_uint_var() == value


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_left_to_aioquic(payload: bytes) -> None:
    frames = media_frames(payload)
    if frames is not None:
        assert sum(map(len, frames.datagrams)) < len(payload)
        assert all(each.start >= 0 and len(each) > 0 for each in frames.acknowledged)


@given(ascending(), st.integers(1, 30))
def test_an_acknowledgement_that_is_cut_short_is_left_to_aioquic(ranges: list[range], cut: int) -> None:
    frame = ack_frame(ranges, 1000)
    assert media_frames(frame[: -min(cut, len(frame) - 1)]) is None
