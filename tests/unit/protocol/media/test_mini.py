import json
from dataclasses import replace
from pathlib import Path

import pytest

from wzp_core.errors import RemoteViolation
from wzp_core.protocol.media.header import MediaHeader, MediaPacket, encode_packet
from wzp_core.protocol.media.mini import FULL_EVERY, MiniDecoder, MiniEncoder
from wzp_core.protocol.media.report import QualityReport
from wzp_core.protocol.profile import CodecId

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "media.json").read_text("utf-8"))["mini"]
PAYLOAD = bytes.fromhex("aabbccddeeff")
FIRST = MediaPacket(MediaHeader(codec=CodecId.OPUS_24K, sequence=100, timestamp_ms=2000), PAYLOAD)


def later(count: int, packet: MediaPacket = FIRST) -> MediaPacket:
    header = packet.header
    sequence, timestamp_ms = (header.sequence + count) & 0xFFFF, (header.timestamp_ms + 20 * count) & 0xFFFF_FFFF
    return replace(packet, header=replace(header, sequence=sequence, timestamp_ms=timestamp_ms))


def test_the_examples_of_the_specification_are_coded_alike() -> None:
    encoder, decoder = MiniEncoder(), MiniDecoder()
    assert [encoder.encode(FIRST).hex(), encoder.encode(later(1)).hex()] == [VECTORS["full"], VECTORS["next"]]
    assert decoder.decode(bytes.fromhex(VECTORS["full"])) == FIRST
    assert decoder.decode(bytes.fromhex(VECTORS["next"])) == later(1)


def test_every_fiftieth_packet_is_full() -> None:
    encoder = MiniEncoder()
    kinds = [encoder.encode(later(n))[0] for n in range(2 * FULL_EVERY + 1)]
    assert [n for n, kind in enumerate(kinds) if kind == 0] == [0, 50, 100]


@pytest.mark.parametrize(
    "odd",
    [
        later(2),
        later(0),
        replace(later(1), header=replace(later(1).header, codec=CodecId.OPUS_6K)),
        replace(later(1), header=replace(later(1).header, repair=True)),
        replace(later(1), header=replace(later(1).header, fec_symbol=1)),
        replace(later(1), header=replace(later(1).header, level=3)),
        replace(later(1), header=replace(later(1).header, epoch=1)),
        replace(later(1), header=replace(later(1).header, timestamp_ms=2000 + 65_536)),
        replace(later(1), header=replace(later(1).header, timestamp_ms=1999)),
        replace(later(1), header=replace(later(1).header, has_report=True), report=QualityReport(1, 2, 3, 4)),
        replace(later(1), payload=bytes(65_536)),
    ],
)
def test_what_a_mini_frame_cannot_tell_goes_in_full(odd: MediaPacket) -> None:
    encoder, decoder = MiniEncoder(), MiniDecoder()
    decoder.decode(encoder.encode(FIRST))
    datagram = encoder.encode(odd)
    assert datagram == b"\x00" + encode_packet(odd)
    assert decoder.decode(datagram) == odd


def test_two_reports_in_a_row_both_arrive() -> None:
    encoder, decoder = MiniEncoder(), MiniDecoder()
    reporting = replace(FIRST, header=replace(FIRST.header, has_report=True), report=QualityReport(1, 2, 3, 4))
    for packet in (reporting, later(1, reporting), later(2)):
        assert decoder.decode(encoder.encode(packet)) == packet


def test_after_a_failed_send_the_next_packet_is_full() -> None:
    encoder = MiniEncoder()
    encoder.encode(FIRST)
    encoder.reset()
    assert encoder.encode(later(1))[0] == 0


def test_sequence_and_timestamp_wrap() -> None:
    encoder, decoder = MiniEncoder(), MiniDecoder()
    last = replace(FIRST, header=replace(FIRST.header, sequence=0xFFFF, timestamp_ms=0xFFFF_FFFF))
    decoder.decode(encoder.encode(last))
    datagram = encoder.encode(later(1, last))
    assert datagram[0] == 1
    assert decoder.decode(datagram) == later(1, last)


def test_bytes_after_the_payload_are_ignored() -> None:
    decoder = MiniDecoder()
    decoder.decode(bytes.fromhex(VECTORS["full"]))
    assert decoder.decode(bytes.fromhex(VECTORS["next"]) + b"more") == later(1)


@pytest.mark.parametrize("text", ["", "02", "01", "01001400", "010014000000", "00", "0100140007aabbccddeeff"])
def test_what_is_no_compact_packet_is_refused_and_changes_nothing(text: str) -> None:
    decoder = MiniDecoder()
    with pytest.raises(RemoteViolation):
        decoder.decode(bytes.fromhex(text))
    decoder.decode(bytes.fromhex(VECTORS["full"]))
    if text != "010014000000":  # an empty frame, and one byte too much
        with pytest.raises(RemoteViolation):
            decoder.decode(bytes.fromhex(text))
        assert decoder.decode(bytes.fromhex(VECTORS["next"])) == later(1)


def test_a_mini_frame_after_a_full_one_with_a_report_has_none() -> None:
    """Other encoders do not send a full frame when a report was there and no longer is."""
    decoder = MiniDecoder()
    reporting = replace(FIRST, header=replace(FIRST.header, has_report=True), report=QualityReport(1, 2, 3, 4))
    decoder.decode(b"\x00" + encode_packet(reporting))
    assert decoder.decode(bytes.fromhex(VECTORS["next"])) == later(1)
