"""What the packets of a room tell about its streams; captures."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wzp_core.cli.analysis import MOST_STREAMS, Analysis
from wzp_core.cli.analysis_page import page
from wzp_core.cli.captured import Origin, read_capture, write_origin, write_packet
from wzp_core.errors import Unavailable
from wzp_core.protocol.media.header import MediaHeader
from wzp_core.protocol.profile import CodecId

ORIGIN = Origin(room="<kitchen>", relay="192.0.2.1:4433", start_time="2026-01-02T03:04:05Z")


def packet(sequence: int, *, stream: int = 0, codec: CodecId = CodecId.OPUS_24K) -> bytes:
    header = MediaHeader(codec=codec, sequence=sequence & 0xFFFF, timestamp_ms=0, stream_id=stream)
    return header.encode() + b"sound"


def analysed(*packets: tuple[float, bytes]) -> Analysis:
    analysis = Analysis()
    for at_s, each in packets:
        analysis.receive(each, at_s)
    return analysis


def test_losses_and_changes_of_codec_are_counted_across_the_wrap_and_late_packets_are_not_lost() -> None:
    numbers = [65_534, 65_535, 2, 1, 3]
    codecs = [CodecId.OPUS_24K] * 3 + [CodecId.OPUS_6K] * 2
    sent = [packet(number, stream=7, codec=codec) for number, codec in zip(numbers, codecs, strict=True)]
    stream = analysed(*((index * 0.02, each) for index, each in enumerate(sent))).streams[7]
    assert (stream.packets, stream.lost, stream.switches) == (5, 1, 1)


def test_a_steady_stream_has_no_jitter_and_one_in_pairs_has_twenty_ms() -> None:
    steady = analysed(*((n * 0.02, packet(n)) for n in range(200)))
    pairs = analysed(*((n // 2 * 0.04, packet(n)) for n in range(200)))
    assert [round(s.jitter_ms, 3) for s in steady.streams.values()] == [0.0]
    assert [s.jitter_ms for s in pairs.streams.values()] == [pytest.approx(20.0, abs=0.5)]


def test_senders_without_an_id_are_told_apart_by_their_numbers() -> None:
    both = analysed(*((n * 0.02, packet(start + n)) for n in range(50) for start in (100, 30_000)))
    assert [(s.name, s.packets) for s in both.streams.values()] == [("Stream 1", 50), ("Stream 2", 50)]


def test_names_come_from_the_roster_and_streams_are_bounded() -> None:
    analysis = analysed(*((0.0, packet(n * 1000, stream=n % 256)) for n in range(1, 200)))
    assert len(analysis.streams) == MOST_STREAMS
    analysis.name({5: "Ann"})
    assert analysis.streams[5].name == "Ann"


@given(st.lists(st.binary(max_size=40)))
def test_no_packet_can_do_worse_than_be_counted(packets: list[bytes]) -> None:
    assert analysed(*((0.0, each) for each in packets)).packets == len(packets)


def test_a_capture_reads_as_it_was_written_and_a_cut_one_up_to_there(tmp_path: Path) -> None:
    path, said = tmp_path / "room.wzp", [(0.5, packet(1)), (1.25, packet(2))]
    with path.open("wb") as file:
        write_origin(file, ORIGIN)
        for at_s, each in said:
            write_packet(file, at_s, each)
    origin, packets = read_capture(path)
    assert (origin, list(packets)) == (ORIGIN, said)
    assert path.read_bytes()[:4] == bytes.fromhex("575a5001")
    path.write_bytes(path.read_bytes()[:-1])
    assert list(read_capture(path)[1]) == said[:1]


@pytest.mark.parametrize(
    "content", [b"", b"WZP\x01", b"WZP\x02\2\0\0\0{}", b"WZP\x01\2\0\0\0{}", b"WZP\x01\4\0\0\0null"]
)
def test_what_is_no_capture_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(Unavailable):
        read_capture(path)


def test_the_page_has_every_stream_and_no_markup_of_others() -> None:
    analysis = analysed(*((n * 0.5, packet(n * 2, stream=3)) for n in range(10)))
    analysis.name({3: "<b>Ann</b>"})
    shown = page(analysis, ORIGIN)
    assert "&lt;b&gt;Ann&lt;/b&gt;" in shown
    assert "&lt;kitchen&gt;" in shown
    assert shown.count("<polyline") == 2
