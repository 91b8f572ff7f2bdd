import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wzp_core.errors import ErrorCode, LocalMisuse, RemoteViolation
from wzp_core.protocol.media.header import (
    MediaHeader,
    MediaPacket,
    decode_packet,
    encode_packet,
    peek_level,
    peek_stream_id,
    ratio_code,
    ratio_of,
    well_formed,
)
from wzp_core.protocol.media.report import QualityReport
from wzp_core.protocol.profile import CodecId

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "media.json").read_text("utf-8"))
CODECS = {codec.wire_name: codec for codec in CodecId}
PACKET = MediaPacket(MediaHeader(codec=CodecId.OPUS_24K, sequence=1, timestamp_ms=20), b"voice")


def packet_of(vector: dict[str, Any]) -> MediaPacket:
    report = QualityReport.of(**vector["report"]) if "report" in vector else None
    header = MediaHeader(**{**vector["header"], "codec": CODECS[vector["header"]["codec"]]})
    return MediaPacket(header, bytes.fromhex(vector.get("payload", "")), report)


@pytest.mark.parametrize("vector", VECTORS["packets"], ids=lambda vector: vector["name"])
def test_each_example_of_the_specification_is_coded_alike(vector: dict[str, Any]) -> None:
    datagram = bytes.fromhex(vector["hex"])
    assert encode_packet(packet_of(vector)) == datagram
    assert decode_packet(datagram) == packet_of(vector)
    assert well_formed(datagram)


def test_the_report_flag_alone_is_a_header_but_no_packet() -> None:
    data = bytes.fromhex(VECTORS["header_only_with_report_flag"])
    header = MediaHeader(codec=CodecId.OPUS_24K, sequence=50, timestamp_ms=1000, has_report=True)
    assert MediaHeader.decode(data) == header
    assert header.encode() == data
    for cut in (data, data + bytes(3)):
        assert not well_formed(cut)
        with pytest.raises(RemoteViolation):
            decode_packet(cut)
    assert decode_packet(data + bytes(4)).payload == b""


@pytest.mark.parametrize(("ratio", "code", "decoded"), VECTORS["fec_ratios"])
def test_fec_ratios_have_the_codes_of_the_specification(ratio: float, code: int, decoded: float) -> None:
    assert ratio_code(ratio) == code
    assert ratio_of(code) == pytest.approx(decoded, abs=5e-5)


@pytest.mark.parametrize(("ratio", "code"), [(-1.0, 0), (5.0, 127), (float("inf"), 127)])
def test_a_fec_ratio_out_of_range_becomes_the_nearest_end(ratio: float, code: int) -> None:
    assert ratio_code(ratio) == code


@pytest.mark.parametrize("number", range(9, 16))
def test_an_unknown_codec_is_refused(number: int) -> None:
    datagram = bytes([number << 2]) + bytes(11)
    assert not well_formed(datagram)
    with pytest.raises(RemoteViolation) as refused:
        decode_packet(datagram)
    assert refused.value.code is ErrorCode.MALFORMED_PACKET


@pytest.mark.parametrize("length", range(12))
def test_less_than_a_header_is_refused(length: int) -> None:
    assert not well_formed(bytes(length))
    with pytest.raises(RemoteViolation):
        decode_packet(bytes(length))


def test_the_version_bit_is_told_but_not_judged_and_unused_bits_are_ignored() -> None:
    datagram = bytes.fromhex("800300010000001400000000")
    assert well_formed(datagram)
    assert decode_packet(datagram).header == replace(PACKET.header, version=1)


def test_a_relay_reads_stream_id_and_level_from_the_bytes() -> None:
    datagram = encode_packet(replace(PACKET, header=replace(PACKET.header, level=11, stream_id=255, sealed=True)))
    assert (peek_stream_id(datagram), peek_level(datagram)) == (255, 11)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"sequence": 65_536},
        {"sequence": -1},
        {"timestamp_ms": 1 << 32},
        {"fec_ratio": 128},
        {"fec_ratio": -1},
        {"fec_block": 256},
        {"fec_symbol": 256},
        {"epoch": 8},
        {"level": 16},
        {"level": -1},
        {"stream_id": 256},
        {"has_report": True},
    ],
    ids=str,
)
def test_we_never_send_a_header_whose_values_spill_into_each_other(change: dict[str, Any]) -> None:
    with pytest.raises(LocalMisuse) as refused:
        encode_packet(replace(PACKET, header=replace(PACKET.header, **change)))
    assert refused.value.code is ErrorCode.BAD_VALUE


def test_we_never_send_a_report_without_its_flag() -> None:
    with pytest.raises(LocalMisuse):
        encode_packet(replace(PACKET, report=QualityReport(0, 0, 0, 200)))
