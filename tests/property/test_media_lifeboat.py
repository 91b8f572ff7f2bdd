"""Bundles: what was packed comes out, and what comes from elsewhere is refused or bounded."""

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from wzp_core.codec.codec2 import MODES
from wzp_core.errors import RemoteViolation
from wzp_core.media.lifeboat import SYMBOL, LifeboatPacker, slots_of, unpacked
from wzp_core.protocol.media.header import MediaHeader, MediaPacket
from wzp_core.protocol.profile import CodecId

codecs = st.sampled_from([CodecId.CODEC2_3200, CodecId.CODEC2_1200])


def header(codec: CodecId, sequence: int, timestamp_ms: int) -> MediaHeader:
    return MediaHeader(codec=codec, sequence=sequence, timestamp_ms=timestamp_ms, repair=True, fec_symbol=SYMBOL)


@settings(max_examples=150, deadline=None)
@given(codecs, st.lists(st.booleans(), max_size=80), st.integers(0, 0xFFFF), st.sets(st.integers(0, 20)))
def test_every_frame_of_a_packet_that_came_and_of_one_before_it_is_where_it_was_said(
    codec: CodecId, voices: list[bool], first: int, lost: set[int]
) -> None:
    packer, size = LifeboatPacker(codec), MODES[codec].frame_bytes
    bundles = [packer.add(bytes([n]) * size if voice else None, 0) for n, voice in enumerate(voices)]
    whole = [bundle for bundle in bundles if bundle is not None]
    slots, heard = slots_of(codec), {}
    for number, bundle in enumerate(whole):
        if number in lost:
            continue
        packet = MediaPacket(header(codec, (first + number * slots) & 0xFFFF, number * 240), bundle.encode())
        own, repeated = unpacked(packet)
        for slot in own + repeated:
            if slot.header.codec is codec:
                heard[(slot.header.sequence - first) & 0xFFFF] = slot.payload
    repeats = codec is CodecId.CODEC2_1200
    for n, voice in enumerate(voices[: len(whole) * slots]):
        came = n // slots not in lost or (repeats and n // slots + 1 < len(whole) and n // slots + 1 not in lost)
        assert heard.get(n) == (bytes([n]) * size if voice and came else None)


@settings(max_examples=300, deadline=None)
@given(codecs, st.binary(max_size=400) | st.binary(max_size=60).map(lambda tail: b"\x4c\x06\x06\x00" + tail))
def test_any_payload_is_refused_or_brings_at_most_480_ms(codec: CodecId, payload: bytes) -> None:
    with suppress(RemoteViolation):
        own, repeated = unpacked(MediaPacket(header(codec, 0, 0), payload))
        assert 1 <= len(own) <= slots_of(codec)
        assert len(repeated) <= slots_of(codec)
