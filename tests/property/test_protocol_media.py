"""Media packets: everything that can be said survives the wire, and no bytes can do worse than be refused."""

from contextlib import suppress
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from wzp_core.errors import RemoteViolation
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
from wzp_core.protocol.media.mini import MiniDecoder, MiniEncoder
from wzp_core.protocol.media.report import QualityReport
from wzp_core.protocol.media.sequence import before, distance, extend
from wzp_core.protocol.media.trunk import (
    LONGEST_TRUNK,
    MOST_ENTRIES,
    TrunkBatcher,
    TrunkEntry,
    decode_trunk,
    encode_trunk,
)
from wzp_core.protocol.profile import CodecId

BYTE = st.integers(0, 255)
U16 = st.integers(0, 65_535)
PAYLOAD = st.binary(max_size=40)
REPORTS = st.builds(QualityReport, BYTE, BYTE, BYTE, BYTE)
HEADERS = st.builds(
    MediaHeader,
    codec=st.sampled_from(CodecId),
    sequence=U16,
    timestamp_ms=st.integers(0, 2**32 - 1),
    version=st.integers(0, 1),
    repair=st.booleans(),
    fec_ratio=st.integers(0, 127),
    fec_block=BYTE,
    fec_symbol=BYTE,
    sealed=st.booleans(),
    epoch=st.integers(0, 7),
    level=st.integers(0, 15),
    stream_id=BYTE,
)


def packet(header: MediaHeader, payload: bytes, report: QualityReport | None) -> MediaPacket:
    return MediaPacket(replace(header, has_report=report is not None), payload, report)


PACKETS = st.builds(packet, HEADERS, PAYLOAD, st.none() | REPORTS)


@given(PACKETS)
def test_every_packet_survives_the_wire(sent: MediaPacket) -> None:
    datagram = encode_packet(sent)
    assert decode_packet(datagram) == sent
    assert well_formed(datagram)
    assert (peek_stream_id(datagram), peek_level(datagram)) == (sent.header.stream_id, sent.header.level)


@given(st.binary(max_size=40))
def test_any_datagram_is_a_packet_that_is_written_again_alike_or_refused(datagram: bytes) -> None:
    try:
        got = decode_packet(datagram)
    except RemoteViolation:
        assert not well_formed(datagram)
        return
    assert well_formed(datagram)
    assert encode_packet(got) == datagram[:1] + bytes([datagram[1] & 0xFC]) + datagram[2:]


@given(st.integers(0, 127))
def test_every_fec_code_is_the_code_of_its_ratio(code: int) -> None:
    assert ratio_code(ratio_of(code)) == code


@given(st.floats(), st.floats(), st.floats())
def test_every_measurement_makes_a_report(loss_pct: float, rtt_ms: float, jitter_ms: float) -> None:
    report = QualityReport.of(loss_pct=loss_pct, rtt_ms=rtt_ms, jitter_ms=jitter_ms)
    assert QualityReport.decode(report.encode()) == report


@given(U16, st.integers(0, 2**48))
def test_an_unwrapped_number_is_the_nearest_of_its_sequence_number(sequence: int, last: int) -> None:
    extended = extend(sequence, last)
    assert extended % 65_536 == sequence
    assert -32_768 <= extended - last <= 32_767
    assert distance(last % 65_536, sequence) == extended - last
    assert before(last % 65_536, sequence) == (extended > last)


STREAM = st.lists(
    st.tuples(PAYLOAD, st.none() | REPORTS, st.integers(0, 70_000), st.sampled_from([0, 1, 1, 1, 1, 2]), st.booleans()),
    max_size=120,
)


@given(HEADERS, STREAM)
def test_a_stream_of_compact_packets_without_loss_arrives_as_it_was(
    header: MediaHeader, steps: list[tuple[bytes, QualityReport | None, int, int, bool]]
) -> None:
    encoder, decoder = MiniEncoder(), MiniDecoder()
    for payload, report, delta_ms, sequences, sealed in steps:
        header = replace(
            header,
            sequence=(header.sequence + sequences) & 0xFFFF,
            timestamp_ms=(header.timestamp_ms + delta_ms) & 0xFFFF_FFFF,
            sealed=sealed,
        )
        sent = packet(header, payload, report)
        assert decoder.decode(encoder.encode(sent)) == sent


@given(st.lists(st.binary(max_size=30)))
def test_no_compact_bytes_can_do_worse_than_be_refused(datagrams: list[bytes]) -> None:
    decoder = MiniDecoder()
    for datagram in datagrams:
        with suppress(RemoteViolation):
            encode_packet(decoder.decode(datagram))


ENTRIES = st.lists(st.builds(TrunkEntry, st.binary(min_size=2, max_size=2), st.binary(max_size=400)), max_size=40)


@given(ENTRIES)
def test_every_trunk_survives_the_wire(entries: list[TrunkEntry]) -> None:
    assert decode_trunk(encode_trunk(entries)) == entries


@given(st.binary(max_size=60))
def test_no_trunk_can_do_worse_than_be_refused(datagram: bytes) -> None:
    with suppress(RemoteViolation):
        entries = decode_trunk(datagram)
        assert datagram.startswith(encode_trunk(entries))


@given(ENTRIES)
def test_batching_keeps_every_entry_in_order_within_the_limits(entries: list[TrunkEntry]) -> None:
    batcher = TrunkBatcher()
    trunks = [trunk for n, entry in enumerate(entries) for trunk in batcher.push(entry, float(n))] + batcher.flush()
    assert all(len(trunk) <= LONGEST_TRUNK for trunk in trunks)
    gathered = [decode_trunk(trunk) for trunk in trunks]
    assert all(0 < len(trunk) <= MOST_ENTRIES for trunk in gathered)
    assert [entry for trunk in gathered for entry in trunk] == entries
