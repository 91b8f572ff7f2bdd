from dataclasses import replace

import pytest

from wzp_core.codec.fec import repair_symbols
from wzp_core.errors import RemoteViolation
from wzp_core.media.intake import Intake
from wzp_core.media.lifeboat import SYMBOL, Bundle
from wzp_core.protocol.media.header import MediaHeader, MediaPacket, ratio_code
from wzp_core.protocol.profile import CodecId

FRAMES = [bytes([number + 1] * 8) for number in range(5)]


def source(symbol: int, block: int = 0) -> MediaPacket:
    header = MediaHeader(
        codec=CodecId.CODEC2_3200,
        sequence=block * 8 + symbol,
        timestamp_ms=(block * 5 + symbol) * 20,
        fec_ratio=ratio_code(0.6),
        fec_block=block,
        fec_symbol=symbol,
    )
    return MediaPacket(header, FRAMES[symbol])


def repair(number: int) -> MediaPacket:
    header = replace(source(0).header, repair=True, sequence=5 + number, timestamp_ms=100, fec_symbol=5 + number)
    return MediaPacket(header, repair_symbols(FRAMES, 3)[number])


def places(intake: Intake, packet: MediaPacket, missing: int = 0, now: float = 0.0) -> list[tuple[int, bool]]:
    return [(arrival.sequence, arrival.packet is not None) for arrival in intake.arrivals(packet, missing, now)]


def test_a_repair_has_no_sound_of_its_own_but_brings_the_frame_that_was_lost() -> None:
    intake = Intake()
    for symbol in (0, 1, 3, 4):
        intake.arrivals(source(symbol), int(symbol == 3), 0.0)
    assert places(intake, repair(0)) == [(5, False), (2, True)]


def test_lost_repairs_are_no_gap_in_the_sound() -> None:
    assert places(Intake(), source(1, block=1), missing=5) == [(5, False), (6, False), (7, False), (9, True)]


def test_frames_are_held_for_their_repairs_while_packets_are_lost() -> None:
    intake = Intake()
    intake.arrivals(source(0), 0, 0.0)
    assert intake.hold_ms(0.0) == 0.0
    intake.arrivals(source(2), 1, 1.0)
    assert intake.hold_ms(1.0) == intake.hold_ms(10.9) == 120.0
    assert intake.hold_ms(11.0) == 0.0


def test_another_codec_needs_no_holding() -> None:
    intake = Intake()
    intake.arrivals(source(2), 1, 0.0)
    opus = MediaPacket(MediaHeader(codec=CodecId.OPUS_24K, sequence=3, timestamp_ms=60), b"\x48")
    assert places(intake, opus) == [(3, True)]
    assert intake.hold_ms(0.0) == 0.0


def bundle(payload: bytes) -> MediaPacket:
    header = MediaHeader(codec=CodecId.CODEC2_1200, sequence=100, timestamp_ms=4_000, repair=True, fec_symbol=SYMBOL)
    return MediaPacket(header, payload)


def test_a_bundle_brings_what_the_packet_before_it_had_only_where_that_is_missing() -> None:
    frames = {slot: bytes(6) for slot in range(-6, 6)}
    packet = bundle(Bundle(span=6, back=6, frames=frames).encode())
    assert places(Intake(), packet) == [(number, True) for number in range(100, 106)]
    assert places(Intake(), packet, missing=6) == [(n, True) for n in [*range(100, 106), *range(94, 100)]]


def test_bundles_are_waited_for_from_the_first_one_on() -> None:
    intake = Intake()
    intake.arrivals(bundle(Bundle(span=6, frames={0: bytes(6)}).encode()), 0, 0.0)
    assert intake.hold_ms(0.0) == 500.0


def test_a_damaged_bundle_is_refused() -> None:
    with pytest.raises(RemoteViolation):
        Intake().arrivals(bundle(b"\x4c\x06"), 0, 0.0)


def test_what_we_cannot_play_only_takes_its_place(without_codec2: None) -> None:
    assert places(Intake(), source(0)) == [(0, False)]
