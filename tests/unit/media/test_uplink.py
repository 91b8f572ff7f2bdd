import numpy as np
import pytest

from wzp_core.codec.opus import OpusDecoder
from wzp_core.dsp.frame import silence
from wzp_core.dsp.meter import rms
from wzp_core.errors import ErrorCode, LocalMisuse, Unavailable
from wzp_core.media.uplink import Uplink
from wzp_core.protocol.media.header import MediaPacket
from wzp_core.protocol.media.report import QualityReport
from wzp_core.protocol.profile import CATASTROPHIC, DEGRADED, GOOD, STUDIO_64K, CodecId

LOUD = np.tile(np.array([9_000, -9_000], dtype=np.int16), 480)
REPORT = QualityReport(loss_pct=1, rtt_4ms=2, jitter_ms=3, bitrate_cap_kbps=200)


class Wire:
    """Keeps what is sealed; a datagram is the packet's payload."""

    def __init__(self) -> None:
        self.packets: list[MediaPacket] = []
        self.times: list[float] = []

    def seal(self, packet: MediaPacket, now: float) -> bytes:
        self.packets.append(packet)
        self.times.append(now)
        return b"sealed" + packet.payload


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_every_frame_becomes_one_sealed_datagram(wire: Wire) -> None:
    uplink = Uplink(stream_id=7, seal=wire.seal, first_sequence=65_535)
    datagrams = [uplink.push(LOUD, now) for now in (1.0, 1.02, 1.04)]
    assert datagrams == [[b"sealed" + packet.payload] for packet in wire.packets]
    headers = [packet.header for packet in wire.packets]
    assert [header.sequence for header in headers] == [65_535, 0, 1]
    assert [header.timestamp_ms for header in headers] == [0, 20, 40]
    assert {(h.stream_id, h.codec, h.fec_ratio, h.fec_block, h.fec_symbol, h.repair) for h in headers} == {
        (7, CodecId.OPUS_24K, 0, 0, 0, False)
    }
    assert wire.times == [1.0, 1.02, 1.04]


def test_two_frames_are_collected_for_a_long_one(wire: Wire) -> None:
    uplink = Uplink(stream_id=1, seal=wire.seal, profile=DEGRADED)
    assert [len(uplink.push(LOUD, 0.0)) for _ in range(4)] == [0, 1, 0, 1]
    assert [packet.header.timestamp_ms for packet in wire.packets] == [0, 40]


def test_a_profile_is_switched_between_frames_and_no_sound_is_left_over(wire: Wire) -> None:
    uplink = Uplink(stream_id=1, seal=wire.seal, profile=DEGRADED)
    for _ in range(3):
        uplink.push(LOUD, 0.0)
    uplink.use(STUDIO_64K)
    assert len(uplink.push(LOUD, 0.0)) == 2
    assert [packet.header.timestamp_ms for packet in wire.packets] == [0, 40, 60]
    assert [packet.header.codec for packet in wire.packets] == [CodecId.OPUS_6K, CodecId.OPUS_64K, CodecId.OPUS_64K]
    assert uplink.stats().codec == "Opus64k"


def test_a_profile_without_an_encoder_is_refused_and_the_old_one_goes_on(wire: Wire, without_codec2: None) -> None:
    uplink = Uplink(stream_id=1, seal=wire.seal)
    with pytest.raises(Unavailable) as caught:
        uplink.use(CATASTROPHIC)
    assert caught.value.code is ErrorCode.NO_CODEC
    assert uplink.profile == GOOD
    assert len(uplink.push(LOUD, 0.0)) == 1


def test_muted_sound_is_sent_as_silence_and_does_not_show_in_the_header(wire: Wire) -> None:
    loud, muted = Uplink(stream_id=1, seal=wire.seal), Uplink(stream_id=1, seal=wire.seal)
    muted.muted = True
    for _ in range(20):
        loud.push(LOUD, 0.0)
        muted.push(LOUD, 0.0)
    assert [packet.header.level for packet in wire.packets[-2:]] == [12, 0]
    heard, decoder = [], OpusDecoder()
    for packet in wire.packets[1::2]:
        heard.append(decoder.decode(packet.payload))
    assert rms(np.concatenate(heard)) < 5.0
    assert muted.level == loud.level > 0.8  # the meter still shows who talks to nobody


def test_a_report_rides_on_one_packet_only(wire: Wire) -> None:
    uplink = Uplink(stream_id=1, seal=wire.seal)
    uplink.attach(REPORT)
    uplink.push(LOUD, 0.0)
    uplink.push(LOUD, 0.0)
    assert [(packet.header.has_report, packet.report) for packet in wire.packets] == [(True, REPORT), (False, None)]
    assert uplink.stats().reports == 1


def test_totals_count_what_was_sent(wire: Wire) -> None:
    uplink = Uplink(stream_id=1, seal=wire.seal)
    sent = [datagram for _ in range(5) for datagram in uplink.push(silence(), 0.0)]
    stats = uplink.stats()
    assert (stats.frames, stats.packets, stats.bytes) == (5, 5, sum(map(len, sent)))


def test_odd_lengths_are_collected_and_absurd_ones_refused(wire: Wire) -> None:
    uplink = Uplink(stream_id=1, seal=wire.seal)
    assert [len(uplink.push(silence(480), 0.0)) for _ in range(4)] == [0, 1, 0, 1]
    with pytest.raises(LocalMisuse):
        uplink.push(silence(100_000), 0.0)
