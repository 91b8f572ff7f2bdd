from dataclasses import replace

import pytest

from wzp_core.errors import RemoteViolation
from wzp_core.media.lifeboat import SYMBOL, Bundle, LifeboatPacker, is_bundle, slots_of, unpacked
from wzp_core.protocol.media.header import MediaHeader, MediaPacket
from wzp_core.protocol.profile import CodecId

LOW, HIGH = CodecId.CODEC2_1200, CodecId.CODEC2_3200


def frame(number: int, size: int = 6) -> bytes:
    return bytes([number]) * size


def packet(bundle: Bundle, *, sequence: int = 2, timestamp_ms: int = 80, codec: CodecId = LOW) -> MediaPacket:
    header = MediaHeader(codec=codec, sequence=sequence, timestamp_ms=timestamp_ms, repair=True, fec_symbol=SYMBOL)
    return MediaPacket(header, bundle.encode())


def packed(codec: CodecId, voices: list[bool], size: int) -> list[Bundle]:
    packer = LifeboatPacker(codec)
    bundles = [packer.add(frame(number, size) if voice else None, 33) for number, voice in enumerate(voices)]
    return [bundle for bundle in bundles if bundle is not None]


def test_a_bundle_on_the_wire() -> None:
    bundle = Bundle(span=6, back=6, noise=50, frames={-6: frame(1), 0: frame(2), 1: frame(3), 5: frame(4)})
    assert bundle.encode().hex() == ("4c060632" + "fa01" + "01" * 6 + "0002" + "02" * 6 + "03" * 6 + "0501" + "04" * 6)
    assert Bundle.decode(bundle.encode(), LOW) == bundle


def test_six_frames_of_40_ms_or_twelve_of_20_ms_make_a_bundle() -> None:
    assert (slots_of(LOW), slots_of(HIGH)) == (6, 12)
    assert [bundle.span for bundle in packed(LOW, [True] * 18, 6)] == [6, 6, 6]
    assert [bundle.span for bundle in packed(HIGH, [True] * 24, 8)] == [12, 12]


def test_a_bundle_repeats_the_one_before_where_both_fit_into_eight_kilobits() -> None:
    first, second = packed(LOW, [True] * 12, 6)
    assert first.back == 0
    assert dict(second.frames) == {slot: frame(slot + 6) for slot in range(-6, 6)}
    headers = 20 + 8 + 11 + 3 + 16 + 12 + 16
    assert headers + len(second.encode()) == 164
    assert 164 * 8 / 0.240 < 5_500  # bit/s
    assert [bundle.back for bundle in packed(HIGH, [True] * 24, 8)] == [0, 0]
    assert (headers + len(packed(HIGH, [True] * 12, 8)[0].encode())) * 8 / 0.240 < 6_300


def test_silence_is_cut_and_what_is_all_silent_need_not_be_sent() -> None:
    voices = [True, False, False, True, True, False] + [False] * 12
    first, second, third = packed(LOW, voices, 6)
    assert sorted(first.frames) == [0, 3, 4]
    assert len(first.encode()) == 4 + 2 * 2 + 3 * 6
    assert sorted(second.frames) == [-6, -3, -2]
    assert not third.frames


def test_a_part_of_a_bundle_can_be_flushed_once() -> None:
    packer = LifeboatPacker(LOW)
    packer.add(frame(1), 0)
    part = packer.flush()
    assert part is not None
    assert (part.span, dict(part.frames)) == (1, {0: frame(1)})
    assert packer.flush() is None


def test_a_packet_brings_its_own_slots_and_those_of_the_packet_before() -> None:
    own, repeated = unpacked(packet(Bundle(span=2, back=3, noise=9, frames={-3: frame(1), 1: frame(2)})))
    assert [(p.header.sequence, p.header.timestamp_ms, p.header.codec, p.payload) for p in own] == [
        (2, 80, CodecId.COMFORT_NOISE, b"\x09"),
        (3, 120, LOW, frame(2)),
    ]
    assert [(p.header.sequence, p.header.timestamp_ms, p.header.codec, p.payload) for p in repeated] == [
        (65_535, 0xFFFF_FFFF - 39, LOW, frame(1)),
        (0, 0, CodecId.COMFORT_NOISE, b"\x09"),
        (1, 40, CodecId.COMFORT_NOISE, b"\x09"),
    ]
    assert {p.header.repair for p in own} == {False}
    assert {p.header.repair for p in repeated} == {True}


def test_only_the_repair_symbol_255_of_codec2_is_a_bundle() -> None:
    header = packet(Bundle(span=1, frames={})).header
    assert is_bundle(header)
    for other in ({"repair": False}, {"fec_symbol": 8}, {"codec": CodecId.OPUS_24K}):
        assert not is_bundle(replace(header, **other))


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "4c0600",
        "4d060032",  # another marker
        "4c000032",  # no slots
        "4c070032",  # more than 240 ms
        "4c060732",  # a packet before of more than 240 ms
        "4c06003200",  # half a run
        "4c0600320000",  # a run of nothing
        "4c060032000101",  # a frame too short
        "4c0600320601" + "01" * 6,  # behind the last slot
        "4c060032ff01" + "01" * 6,  # before the first, and nothing is repeated
        "4c0600320101" + "01" * 6 + "0001" + "01" * 6,  # backwards
    ],
)
def test_anything_else_is_refused(payload: str) -> None:
    with pytest.raises(RemoteViolation):
        Bundle.decode(bytes.fromhex(payload), LOW)
