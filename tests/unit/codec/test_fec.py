from dataclasses import replace
from itertools import combinations

import pytest

from wzp_core.codec.fec import BlockDecoder, BlockEncoder, repair_count, repair_ratio, repair_symbols
from wzp_core.errors import LocalMisuse
from wzp_core.protocol.media.header import MediaHeader, MediaPacket, ratio_code
from wzp_core.protocol.profile import CATASTROPHIC, CODEC2_3200, CodecId, QualityProfile

FRAMES = [bytes([number + 1, *range(7)]) for number in range(5)]


def source(symbol: int, *, block: int = 3, first: int = 65_534, frame: bytes | None = None) -> MediaPacket:
    header = MediaHeader(
        codec=CodecId.CODEC2_3200,
        sequence=(first + symbol) & 0xFFFF,
        timestamp_ms=1_000 + 20 * symbol,
        fec_ratio=ratio_code(1.0),
        fec_block=block,
        fec_symbol=symbol,
        stream_id=4,
    )
    return MediaPacket(header, FRAMES[symbol] if frame is None else frame)


def repair(number: int, symbol: bytes, *, block: int = 3, first: int = 65_534) -> MediaPacket:
    header = replace(
        source(0, block=block).header,
        repair=True,
        sequence=(first + 5 + number) & 0xFFFF,
        timestamp_ms=1_100,
        fec_symbol=5 + number,
    )
    return MediaPacket(header, symbol)


def rebuilt(packets: list[MediaPacket], now: float = 0.0) -> list[MediaPacket]:
    decoder = BlockDecoder(CodecId.CODEC2_3200)
    return [frame for packet in packets for frame in decoder.add(packet, now)]


@pytest.mark.parametrize(
    ("profile", "repairs"), [(CATASTROPHIC, 8), (CODEC2_3200, 3), (QualityProfile(CodecId.CODEC2_3200, 0.2, 20, 5), 1)]
)
def test_a_block_is_followed_by_as_many_repairs_as_the_specification_counts(
    profile: QualityProfile, repairs: int
) -> None:
    assert repair_count(profile.frames_per_block, profile.fec_ratio) == repairs


def test_the_symbol_of_a_frame_is_its_length_the_frame_and_zeros() -> None:
    (symbol,) = repair_symbols([bytes.fromhex("0a0b0c0d0e0f")], 1)
    assert len(symbol) == 256
    assert symbol == bytes.fromhex("06000a0b0c0d0e0f") + bytes(248)  # of one frame every symbol is the frame itself


def test_lost_frames_come_back_in_their_places() -> None:
    symbols = repair_symbols(FRAMES, 3)
    found = rebuilt([source(0), source(3), source(4), *[repair(i, s) for i, s in enumerate(symbols)]])
    assert [packet.payload for packet in found] == [FRAMES[1], FRAMES[2]]
    assert [packet.header.sequence for packet in found] == [65_535, 0]
    assert [packet.header.timestamp_ms for packet in found] == [1_020, 1_040]
    assert all(packet.header.repair and packet.header.stream_id == 4 for packet in found)


def test_repairs_alone_bring_the_whole_block() -> None:
    found = rebuilt([repair(i, s) for i, s in enumerate(repair_symbols(FRAMES, 6))])
    assert [packet.payload for packet in found] == FRAMES
    assert [packet.header.sequence for packet in found] == [65_534, 65_535, 0, 1, 2]
    assert [packet.header.timestamp_ms for packet in found] == [1_000, 1_020, 1_040, 1_060, 1_080]


def test_repairs_without_their_zeros_are_as_good() -> None:
    short = repair_symbols(FRAMES, 3, short=True)
    assert all(len(symbol) <= 10 for symbol in short)
    assert len(rebuilt([source(0), source(1), *[repair(i, s) for i, s in enumerate(short)]])) == 3


def test_senders_that_leave_the_length_away_are_understood() -> None:
    import raptorq

    packets = raptorq.Encoder.with_defaults(b"".join(frame.ljust(256, b"\0") for frame in FRAMES), 256)
    symbols = [packet[4:] for packet in packets.get_encoded_packets(3)[5:]]
    found = rebuilt([source(2), source(4), *[repair(i, s) for i, s in enumerate(symbols)]])
    assert [packet.payload for packet in found] == [FRAMES[0], FRAMES[1], FRAMES[3]]


def test_nearly_every_choice_of_five_symbols_and_every_choice_of_six_is_enough() -> None:
    packets = [source(i) for i in range(5)] + [repair(i, s) for i, s in enumerate(repair_symbols(FRAMES, 6))]
    fives = [rebuilt(list(chosen)) for chosen in combinations(packets, 5) if chosen != tuple(packets[:5])]
    assert sum(not found for found in fives) <= len(fives) // 100  # RFC 6330: the overhead of RaptorQ
    assert all(rebuilt(list(chosen)) for chosen in combinations(packets, 6) if not {*range(5)} <= _symbols(chosen))


def _symbols(packets: tuple[MediaPacket, ...]) -> set[int]:
    return {packet.header.fec_symbol for packet in packets}


def test_a_forged_repair_brings_nothing_rather_than_noise() -> None:
    symbols = repair_symbols(FRAMES, 3)
    forged = bytes(b ^ 0x55 for b in symbols[0])
    assert rebuilt([source(0), source(1), source(2), source(3), repair(0, forged)]) == []


def test_a_block_comes_once_and_its_id_may_come_again_after_two_seconds() -> None:
    symbols = repair_symbols(FRAMES, 3)
    packets = [source(0), source(1), *[repair(i, s) for i, s in enumerate(symbols)]]
    decoder = BlockDecoder(CodecId.CODEC2_3200)
    assert sum(len(decoder.add(packet, 0.0)) for packet in packets) == 3
    assert sum(len(decoder.add(packet, 1.9)) for packet in packets) == 0
    assert sum(len(decoder.add(packet, 2.0)) for packet in packets) == 3


def test_a_block_that_begins_elsewhere_is_another_one() -> None:
    decoder = BlockDecoder(CodecId.CODEC2_3200)
    decoder.add(source(0), 0.0)
    decoder.add(source(1), 0.0)
    for symbol in range(3):
        decoder.add(source(symbol, first=500), 0.1)
    assert len(decoder) == 3


def test_memory_is_bounded_whatever_is_sent() -> None:
    decoder = BlockDecoder(CodecId.CODEC2_3200)
    for block in range(256):
        for symbol in range(4):
            decoder.add(source(symbol, block=block), 0.0)
        for number in range(250):
            decoder.add(repair(min(number, 250), b"\x01" * 256, block=block), 0.0)
    assert len(decoder) <= 8 * 40


def test_places_of_lost_repairs_are_known_from_any_packet_of_the_stream() -> None:
    decoder = BlockDecoder(CodecId.CODEC2_3200)
    header = replace(source(1, first=1_010).header, fec_ratio=ratio_code(1.0))
    lost = decoder.repairs_between(header, 8)  # 1003…1010: three sources… the block before has 1000…1004 and repairs
    assert lost == [(number, 1_000) for number in range(1_005, 1_010)]
    assert decoder.repairs_between(replace(header, fec_ratio=0), 8) == []


def test_the_ratio_rises_with_loss_and_boost_up_to_two() -> None:
    ratios = [repair_ratio(CODEC2_3200, loss_pct=loss) for loss in (0, 20, 30, 50, 90)]
    assert ratios == sorted(ratios)
    assert ratios[0] == 0.6
    assert ratios[-1] == 2.0
    assert repair_ratio(CODEC2_3200, loss_pct=0, boost=0.2) == 0.8
    assert repair_ratio(CODEC2_3200, loss_pct=0, boost=9.0) == 2.0


def test_a_block_keeps_the_ratio_it_began_with() -> None:
    encoder = BlockEncoder()
    encoder.begin(1.0)
    encoder.add(FRAMES[0], 5, short=False)
    encoder.begin(2.0)
    assert (encoder.block, encoder.symbol, encoder.ratio) == (0, 1, 1.0)
    encoder.finish()
    encoder.finish()  # nothing was begun
    assert (encoder.block, encoder.symbol) == (1, 0)


def test_without_the_library_frames_go_unprotected(without_raptorq: None) -> None:
    assert repair_symbols(FRAMES, 3) == []
    assert rebuilt([source(0), *[repair(i, b"\x01" * 256) for i in range(8)]]) == []


def test_only_codec2_goes_in_blocks() -> None:
    with pytest.raises(LocalMisuse):
        BlockDecoder(CodecId.OPUS_24K)
    with pytest.raises(LocalMisuse):
        repair_symbols([bytes(255)], 1)
