"""Whatever the network does to sealed packets, each opens once at most, unchanged or not at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wzp_core.crypto.session import Direction, Opener, Sealer
from wzp_core.errors import RemoteViolation
from wzp_core.protocol.media.header import MediaHeader, MediaPacket
from wzp_core.protocol.media.report import QualityReport
from wzp_core.protocol.profile import CodecId

ROOT = b"\x05" * 32
REPORT = QualityReport(loss_pct=5, rtt_4ms=21, jitter_ms=12, bitrate_cap_kbps=200)


def packet(sequence: int, payload: bytes, with_report: bool) -> MediaPacket:
    header = MediaHeader(
        codec=CodecId.OPUS_24K, sequence=sequence % 65_536, timestamp_ms=0, has_report=with_report, stream_id=1
    )
    return MediaPacket(header=header, payload=payload, report=REPORT if with_report else None)


@settings(deadline=None)
@given(
    first=st.integers(0, 65_535),
    changes=st.sets(st.integers(0, 299), max_size=1),
    arrivals=st.lists(st.integers(0, 299), max_size=400),
)
def test_any_loss_order_and_repetition_opens_each_packet_exactly_once(first, changes, arrivals):
    """Over the wrap of the sequence numbers and over a change of epoch too."""
    sealer, opener = Sealer(ROOT, Direction.TO_CALLEE, now=0.0), Opener(ROOT, Direction.TO_CALLEE)
    datagrams = []
    for number in range(300):
        if number in changes:
            sealer.advance_epoch()
        datagrams.append(sealer.seal(packet(first + number, number.to_bytes(2, "big"), number % 50 == 0), 10.0))
    opener.open(datagrams[0], 10.0)  # after that the order is free
    opened = {0}
    for number in arrivals:
        if number in opened:
            with pytest.raises(RemoteViolation):
                opener.open(datagrams[number], 10.0)
        else:
            assert opener.open(datagrams[number], 10.0).payload == number.to_bytes(2, "big")
            opened.add(number)


@given(payload=st.binary(max_size=200), with_report=st.booleans(), data=st.data())
def test_any_flipped_bit_anywhere_is_refused(payload, with_report, data):
    datagram = bytearray(Sealer(ROOT, Direction.TO_CALLEE, now=0.0).seal(packet(7, payload, with_report), 0.0))
    bit = data.draw(st.integers(0, 8 * len(datagram) - 1))
    datagram[bit // 8] ^= 1 << bit % 8
    opener = Opener(ROOT, Direction.TO_CALLEE)
    with pytest.raises(RemoteViolation):
        opener.open(bytes(datagram), 0.0)


def test_each_single_bit_of_one_packet_is_guarded():
    sealed = Sealer(ROOT, Direction.TO_CALLEE, now=0.0).seal(packet(7, b"voice", True), 0.0)
    opener = Opener(ROOT, Direction.TO_CALLEE)
    for bit in range(8 * len(sealed)):
        datagram = bytearray(sealed)
        datagram[bit // 8] ^= 1 << bit % 8
        with pytest.raises(RemoteViolation):
            opener.open(bytes(datagram), 0.0)
    assert opener.open(sealed, 0.0).payload == b"voice"


@given(st.binary(max_size=300), st.floats(0, 1e6))
def test_noise_is_refused_and_changes_nothing(noise, now):
    opener = Opener(ROOT, Direction.TO_CALLEE)
    with pytest.raises(RemoteViolation):
        opener.open(noise, now)
    sealed = Sealer(ROOT, Direction.TO_CALLEE, now=0.0).seal(packet(7, b"voice", False), 0.0)
    assert opener.open(sealed, now).payload == b"voice"


@given(st.binary(max_size=100), st.integers(0, 65_535), st.booleans())
def test_the_other_directions_key_opens_nothing(payload, sequence, with_report):
    sealed = Sealer(ROOT, Direction.TO_CALLEE, now=0.0).seal(packet(sequence, payload, with_report), 0.0)
    with pytest.raises(RemoteViolation):
        Opener(ROOT, Direction.TO_CALLER).open(sealed, 0.0)


@given(st.binary(min_size=32, max_size=32).filter(lambda root: root != ROOT))
def test_another_root_opens_nothing(root):
    sealed = Sealer(ROOT, Direction.TO_CALLEE, now=0.0).seal(packet(7, b"voice", False), 0.0)
    with pytest.raises(RemoteViolation):
        Opener(root, Direction.TO_CALLEE).open(sealed, 0.0)
