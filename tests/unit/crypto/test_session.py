"""Sealed packets (e2e.md §3), computed here a second time from the text, and what must be refused."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from wzp_core.crypto.hkdf import hkdf
from wzp_core.crypto.session import EPOCH_PACKETS, EPOCH_S, OVERLAP_S, Direction, Opener, Sealer
from wzp_core.errors import ErrorCode, LocalMisuse, RemoteViolation
from wzp_core.protocol.media.header import MediaHeader, MediaPacket, decode_packet, encode_packet
from wzp_core.protocol.media.report import QualityReport
from wzp_core.protocol.profile import CodecId

ROOT, OTHER_ROOT = b"\x05" * 32, b"\x06" * 32
REPORT = QualityReport(loss_pct=5, rtt_4ms=21, jitter_ms=12, bitrate_cap_kbps=200)
OUT, BACK = Direction.TO_CALLEE, Direction.TO_CALLER


def packet(sequence: int, payload: bytes = b"voice", report: QualityReport | None = None) -> MediaPacket:
    header = MediaHeader(
        codec=CodecId.OPUS_24K,
        sequence=sequence % 65_536,
        timestamp_ms=20 * sequence,
        has_report=report is not None,
        level=9,
        stream_id=1,
    )
    return MediaPacket(header=header, payload=payload, report=report)


@pytest.fixture
def sealer():
    return Sealer(ROOT, OUT, now=0.0)


@pytest.fixture
def opener():
    return Opener(ROOT, OUT)


def refusal(opener, datagram, now=0.0):
    with pytest.raises(RemoteViolation) as caught:
        opener.open(datagram, now)
    return caught.value.code


def by_the_text(root, direction, epoch, index, datagram, report_bytes=0):
    """Opens a datagram with nothing but the words of e2e.md."""
    derived = hkdf(root, b"wzp-e2e-media-v1" + bytes([direction]) + epoch.to_bytes(4, "big"), 44)
    key, iv = derived[:32], derived[32:]
    nonce = bytes(a ^ b for a, b in zip(iv, bytes(4) + index.to_bytes(8, "big"), strict=True))
    end = len(datagram) - report_bytes
    return ChaCha20Poly1305(key).decrypt(nonce, datagram[12:end], datagram[:12] + datagram[end:])


def test_a_sealed_packet_is_what_the_text_says(sealer):
    first = sealer.seal(packet(7, b"one"), 0.0)
    assert by_the_text(ROOT, 1, 0, 7, first) == b"one"
    with_report = sealer.seal(packet(8, b"two", REPORT), 0.0)
    assert with_report.endswith(bytes([5, 21, 12, 200]))
    assert by_the_text(ROOT, 1, 0, 8, with_report, report_bytes=4) == b"two"
    over_the_wrap = Sealer(ROOT, BACK, now=0.0)
    over_the_wrap.seal(packet(65_535), 0.0)
    assert by_the_text(ROOT, 2, 0, 65_536, over_the_wrap.seal(packet(65_536, b"three"), 0.0)) == b"three"


def test_a_sealed_packet_is_the_one_of_the_first_release(sealer):
    """A change here would cut off every build in use."""
    assert sealer.seal(packet(7, b"one", REPORT), 0.0).hex() == (
        "020000070000008c00009101eeaea065a5201466a284a6e3f5f0c89a77529605150cc8"
    )


def test_a_packet_comes_out_as_it_went_in(sealer, opener):
    for sent in (packet(1, b"voice"), packet(2, b"", REPORT), packet(3, bytes(1100))):
        got = opener.open(sealer.seal(sent, 0.0), 0.0)
        assert (got.payload, got.report) == (sent.payload, sent.report)
        assert (got.header.sequence, got.header.timestamp_ms) == (sent.header.sequence, sent.header.timestamp_ms)
        assert (got.header.level, got.header.stream_id) == (9, 1)


def test_a_relay_can_read_the_header_and_the_report_of_a_sealed_packet(sealer):
    seen = decode_packet(sealer.seal(packet(1, b"voice", REPORT), 0.0))
    assert seen.header.sealed
    assert seen.report == REPORT
    assert len(seen.payload) == len(b"voice") + 16


def test_a_report_flag_without_a_report_leaks_nothing_of_the_payload(sealer, opener):
    with_report = packet(1, b"secret voice", REPORT)
    datagram = sealer.seal(MediaPacket(header=with_report.header, payload=b"secret voice"), 0.0)
    assert b"oice" not in datagram
    assert opener.open(datagram, 0.0).payload == b"secret voice"


def test_the_same_packet_opens_once(sealer, opener):
    datagram = sealer.seal(packet(1), 0.0)
    opener.open(datagram, 0.0)
    assert refusal(opener, datagram) is ErrorCode.REPLAYED


def test_a_packet_in_clear_is_refused(opener):
    assert refusal(opener, encode_packet(packet(1))) is ErrorCode.CANNOT_OPEN


@pytest.mark.parametrize("datagram", [b"", bytes(11), b"\x02" + bytes(14), b"\x3c" + bytes(40)])
def test_what_is_no_packet_is_malformed(opener, datagram):
    assert refusal(opener, datagram) is ErrorCode.MALFORMED_PACKET


def test_a_packet_shorter_than_its_tag_is_refused(sealer, opener):
    datagram = sealer.seal(packet(1, b""), 0.0)
    for length in range(12, len(datagram)):
        assert refusal(opener, datagram[:length]) is ErrorCode.CANNOT_OPEN


def test_our_own_packets_sent_back_are_refused(sealer):
    assert refusal(Opener(ROOT, BACK), sealer.seal(packet(1), 0.0)) is ErrorCode.CANNOT_OPEN


def test_another_calls_packets_are_refused(opener):
    assert refusal(opener, Sealer(OTHER_ROOT, OUT, now=0.0).seal(packet(1), 0.0)) is ErrorCode.CANNOT_OPEN


def test_a_forged_packet_does_not_move_the_window(sealer, opener):
    opener.open(sealer.seal(packet(1), 0.0), 0.0)
    genuine = sealer.seal(packet(2), 0.0)
    forged = bytearray(sealer.seal(packet(30_000), 0.0))
    forged[-1] ^= 1
    assert refusal(opener, bytes(forged)) is ErrorCode.CANNOT_OPEN
    assert opener.open(genuine, 0.0).payload == b"voice"


@pytest.mark.parametrize("again", [5, 4, 5 + 32_768, 65_535])
def test_a_sequence_number_that_does_not_follow_is_never_sealed(sealer, again):
    """Two packets under one nonce would betray both."""
    sealer.seal(packet(5), 0.0)
    with pytest.raises(LocalMisuse):
        sealer.seal(packet(again), 0.0)
    with pytest.raises(LocalMisuse):
        sealer.seal(packet(again), EPOCH_S)


def epoch_of(datagram: bytes) -> int:
    return decode_packet(datagram).header.epoch


def test_a_new_epoch_begins_after_65536_packets_and_the_index_goes_on(sealer, opener):
    datagrams = [sealer.seal(packet(n, b""), 0.0) for n in range(EPOCH_PACKETS + 2)]
    assert [epoch_of(d) for d in datagrams[-3:]] == [0, 1, 1]
    assert by_the_text(ROOT, 1, 1, 65_536, datagrams[-2]) == b""
    for datagram in (*datagrams[:: EPOCH_PACKETS // 4], *datagrams[-3:]):
        if datagram is not datagrams[-2]:
            opener.open(datagram, 0.0)


def test_a_new_epoch_begins_after_ten_minutes(sealer, opener):
    assert epoch_of(sealer.seal(packet(1), EPOCH_S - 0.02)) == 0
    changed = sealer.seal(packet(2), EPOCH_S)
    assert epoch_of(changed) == 1
    assert epoch_of(sealer.seal(packet(3), 2 * EPOCH_S - 0.02)) == 1
    assert opener.open(changed, EPOCH_S).payload == b"voice"


def test_a_change_of_path_begins_an_epoch_but_not_two_within_five_seconds(sealer):
    sealer.advance_epoch()
    assert epoch_of(sealer.seal(packet(1), OVERLAP_S)) == 1
    sealer.advance_epoch()
    assert epoch_of(sealer.seal(packet(2), OVERLAP_S + 1)) == 1
    assert epoch_of(sealer.seal(packet(3), 2 * OVERLAP_S)) == 2
    assert epoch_of(sealer.seal(packet(4), 3 * OVERLAP_S)) == 2


def change_of_path(sealer, opener):
    """A late packet of the epoch before, and `opener` already in the new one."""
    opener.open(sealer.seal(packet(1), 9.0), 9.0)
    late, later = sealer.seal(packet(2), 9.0), sealer.seal(packet(3), 9.0)
    sealer.advance_epoch()
    opener.open(sealer.seal(packet(4), 10.0), 10.0)
    return late, later


def test_late_packets_of_the_epoch_before_are_taken_for_five_seconds_and_once(sealer, opener):
    late, later = change_of_path(sealer, opener)
    assert opener.open(late, 10.0 + OVERLAP_S).payload == b"voice"
    assert refusal(opener, late, 10.0 + OVERLAP_S) is ErrorCode.REPLAYED
    assert refusal(opener, later, 10.1 + OVERLAP_S) is ErrorCode.CANNOT_OPEN


def test_an_old_epoch_never_comes_back(sealer, opener):
    """Eight epochs later its three bits are current again."""
    recorded = sealer.seal(packet(1), 0.0)
    opener.open(recorded, 0.0)
    for number in range(1, 9):
        sealer.advance_epoch()
        opener.open(sealer.seal(packet(1 + number), 10.0 * number), 10.0 * number)
        assert refusal(opener, recorded, 10.0 * number) in (ErrorCode.CANNOT_OPEN, ErrorCode.REPLAYED)
    assert epoch_of(recorded) == epoch_of(sealer.seal(packet(20), 80.0))


def seal_in_epoch(sealer, epochs_ahead, sequence, now):
    for step in range(epochs_ahead):
        sealer.advance_epoch()
        sealer.seal(packet(sequence + step), now + step * OVERLAP_S)
    return sealer.seal(packet(sequence + epochs_ahead), now + epochs_ahead * OVERLAP_S)


def test_an_epoch_is_not_skipped_while_packets_flow(sealer, opener):
    opener.open(sealer.seal(packet(1), 9.0), 9.0)
    assert refusal(opener, seal_in_epoch(sealer, 2, 2, 10.0), 9.5) is ErrorCode.CANNOT_OPEN


@pytest.mark.parametrize("epochs_ahead", range(1, 7))
def test_a_receiver_that_heard_nothing_for_long_finds_the_epoch_again(sealer, opener, epochs_ahead):
    opener.open(sealer.seal(packet(1), 9.0), 9.0)
    datagram = seal_in_epoch(sealer, epochs_ahead, 2, 10.0)
    assert opener.open(datagram, 60.0).payload == b"voice"
    assert opener.open(sealer.seal(packet(50), 60.0), 60.0).payload == b"voice"


def test_the_first_packets_may_be_lost_over_the_first_wrap(sealer, opener):
    sealer.seal(packet(65_534), 0.0)
    sealer.seal(packet(65_535), 0.0)
    assert opener.open(sealer.seal(packet(65_536), 0.0), 0.0).payload == b"voice"
    assert opener.open(sealer.seal(packet(65_537), 0.0), 0.0).payload == b"voice"


def test_a_late_packet_from_before_the_wrap_is_opened(sealer, opener):
    datagrams = [sealer.seal(packet(n), 0.0) for n in range(65_530, 65_545)]
    opener.open(datagrams[0], 0.0)
    opener.open(datagrams[-1], 0.0)
    for datagram in datagrams[1:-1]:
        opener.open(datagram, 0.0)


def test_a_mixed_root_is_taken_over_without_a_gap_whoever_is_first(sealer, opener):
    opener.open(sealer.seal(packet(1), 9.0), 9.0)
    opener.adopt(OTHER_ROOT)  # the peer has not heard of it yet
    assert opener.open(sealer.seal(packet(2), 9.1), 9.1).payload == b"voice"
    sealer.advance_epoch()
    assert opener.open(sealer.seal(packet(3), 10.0), 10.0).payload == b"voice"  # a new epoch of the old root
    sealer.adopt(OTHER_ROOT)
    mixed = sealer.seal(packet(4), 20.0)
    assert by_the_text(OTHER_ROOT, 1, 2, 4, mixed) == b"voice"
    assert opener.open(mixed, 20.0).payload == b"voice"


def test_the_old_root_is_worth_nothing_once_the_mixed_one_is_in_use(sealer, opener):
    thief = Sealer(ROOT, OUT, now=0.0)
    stolen = []
    for number in range(3, 12):
        thief.advance_epoch()
        stolen.append(thief.seal(packet(number), 10.0 * number))
    opener.open(sealer.seal(packet(1), 9.0), 9.0)
    opener.adopt(OTHER_ROOT)
    for datagram in stolen:  # damaged ones, which make the opener derive keys in advance
        assert refusal(opener, datagram[:-1], 100.0) is ErrorCode.CANNOT_OPEN
    sealer.adopt(OTHER_ROOT)
    opener.open(sealer.seal(packet(2), 100.0), 100.0)
    for datagram in stolen:
        assert refusal(opener, datagram, 1000.0) is ErrorCode.CANNOT_OPEN


def test_a_late_packet_does_not_turn_the_count_back(sealer, opener):
    late = sealer.seal(packet(1), 0.0)
    opener.open(sealer.seal(packet(1000), 0.0), 0.0)
    opener.open(late, 0.0)
    for sequence in (20_000, 32_900):
        ahead = sealer.seal(packet(sequence), 0.0)
    assert opener.open(ahead, 0.0).payload == b"voice"
