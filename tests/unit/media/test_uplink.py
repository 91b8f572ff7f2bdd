import numpy as np
import pytest

from wzp_core.codec.opus import OpusDecoder
from wzp_core.codec.repeat import bare, repeats
from wzp_core.dsp.frame import silence
from wzp_core.dsp.meter import rms
from wzp_core.errors import ErrorCode, LocalMisuse, Unavailable
from wzp_core.media.dred_tuner import Protection
from wzp_core.media.lifeboat import is_bundle
from wzp_core.media.uplink import Uplink
from wzp_core.protocol.media.header import MediaPacket, ratio_code
from wzp_core.protocol.media.report import QualityReport
from wzp_core.protocol.profile import CATASTROPHIC, CODEC2_3200, DEGRADED, GOOD, STUDIO_64K, CodecId, QualityProfile

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


def test_at_the_highest_rate_too_both_repeats_find_room(wire: Wire) -> None:
    uplink = Uplink(stream_id=1, seal=wire.seal, profile=STUDIO_64K)
    uplink.protect(Protection(0, 20, (1, 3)))
    noise = np.random.default_rng(5)
    for _ in range(50):  # as many bits as the encoder may ever take
        uplink.push(noise.normal(0, 6_000, 960).astype(np.int16), 0.0)
    for number, packet in enumerate(wire.packets[3:], 3):
        again = dict(repeats(packet.payload))
        assert again == {ago: bare(wire.packets[number - ago].payload) for ago in (1, 3)}


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


def low_rate(wire: Wire, profile: QualityProfile = CODEC2_3200) -> Uplink:
    return Uplink(stream_id=1, seal=wire.seal, profile=profile)


def test_a_block_of_codec2_frames_is_followed_by_its_repairs(wire: Wire) -> None:
    uplink = low_rate(wire)
    assert [len(uplink.push(LOUD, 0.0)) for _ in range(10)] == [1, 1, 1, 1, 4, 1, 1, 1, 1, 4]
    headers = [packet.header for packet in wire.packets]
    assert [header.sequence for header in headers] == list(range(16))
    assert [header.fec_block for header in headers] == [0] * 8 + [1] * 8
    assert [header.fec_symbol for header in headers[:8]] == list(range(8))
    assert [header.repair for header in headers[:8]] == [False] * 5 + [True] * 3
    assert [header.timestamp_ms for header in headers[:8]] == [0, 20, 40, 60, 80, 100, 100, 100]
    assert {header.fec_ratio for header in headers} == {ratio_code(0.6)}
    assert {len(packet.payload) for packet in wire.packets if packet.header.repair} == {256}
    assert (uplink.stats().packets, uplink.stats().repairs) == (16, 6)


def test_repairs_are_more_where_more_is_lost_and_shorter_where_the_peer_allows(wire: Wire) -> None:
    uplink = low_rate(wire)
    uplink.protect(Protection(0, 50))
    uplink.short_repairs = True
    for _ in range(5):
        uplink.push(LOUD, 0.0)
    repairs = [packet for packet in wire.packets if packet.header.repair]
    assert len(repairs) == 10
    assert max(len(packet.payload) for packet in repairs) <= 10


def test_a_switch_begins_another_block(wire: Wire) -> None:
    uplink = low_rate(wire)
    uplink.push(LOUD, 0.0)
    uplink.use(CATASTROPHIC)
    for _ in range(2):
        uplink.push(LOUD, 0.0)
    assert [(p.header.fec_block, p.header.fec_symbol) for p in wire.packets] == [(0, 0), (1, 0)]


def test_with_dtx_silence_becomes_comfort_noise_every_200_ms(wire: Wire) -> None:
    uplink = Uplink(stream_id=1, seal=wire.seal)
    uplink.dtx = True
    murmur = np.tile(np.array([60, -60], np.int16), 480)
    for number in range(50):
        uplink.push(LOUD if number < 5 else murmur, number * 0.02, number < 5)
    noise = [packet for packet in wire.packets if packet.header.codec is CodecId.COMFORT_NOISE]
    assert len(wire.packets) - len(noise) == 10  # five of voice and five after it
    assert [packet.header.timestamp_ms for packet in noise] == [220, 420, 620, 820]
    assert {packet.payload for packet in noise} == {bytes((104,))}  # even noise as loud as the murmur
    assert [packet.header.sequence for packet in wire.packets] == list(range(14))
    uplink.push(LOUD, 1.0, True)
    assert (wire.packets[-1].header.codec, wire.packets[-1].header.timestamp_ms) == (CodecId.OPUS_24K, 1_000)
    assert uplink.stats().noises == 4


def test_without_dtx_silence_is_sent_like_voice(wire: Wire) -> None:
    uplink = Uplink(stream_id=1, seal=wire.seal)
    assert all(len(uplink.push(silence(), 0.0, False)) == 1 for _ in range(30))


def test_with_dtx_a_muted_microphone_is_silent_whatever_is_said(wire: Wire) -> None:
    uplink = Uplink(stream_id=1, seal=wire.seal)
    uplink.dtx = uplink.muted = True
    for _ in range(20):
        uplink.push(LOUD, 0.0, True)
    assert wire.packets[-1].header.codec is CodecId.COMFORT_NOISE
    assert wire.packets[-1].payload == b"\x00"


def test_silence_ends_a_block_so_that_its_frames_follow_each_other(wire: Wire) -> None:
    uplink = low_rate(wire)
    uplink.dtx = True
    for number in range(20):
        uplink.push(LOUD, 0.0, number < 2 or number > 12)
    sources = [p.header for p in wire.packets if p.header.codec is CodecId.CODEC2_3200 and not p.header.repair]
    firsts = {header.fec_block: header.sequence - header.fec_symbol for header in reversed(sources)}
    assert all(header.sequence - header.fec_symbol == firsts[header.fec_block] for header in sources)
    assert len(firsts) > 2


def test_the_lifeboat_sends_one_packet_every_240_ms_and_a_number_for_each_frame(wire: Wire) -> None:
    uplink = low_rate(wire)
    uplink.use(CATASTROPHIC, lifeboat=True)
    assert uplink.lifeboat
    for _ in range(36):
        uplink.push(LOUD, 0.0)
    assert all(is_bundle(packet.header) for packet in wire.packets)
    assert [packet.header.sequence for packet in wire.packets] == [0, 6, 12]
    assert [packet.header.timestamp_ms for packet in wire.packets] == [0, 240, 480]
    assert [len(packet.payload) for packet in wire.packets] == [42, 78, 78]


def test_the_lifeboat_is_quiet_while_nobody_speaks_but_never_for_half_a_second(wire: Wire) -> None:
    uplink = low_rate(wire)
    uplink.use(CATASTROPHIC, lifeboat=True)
    for number in range(12 * 12):
        uplink.push(LOUD, number * 0.02, number < 12)
    assert np.diff(wire.times).max() < 0.5
    assert len(wire.packets) <= 8


def test_leaving_the_lifeboat_loses_no_frame(wire: Wire) -> None:
    uplink = low_rate(wire)
    uplink.use(CATASTROPHIC, lifeboat=True)
    for _ in range(8):
        uplink.push(LOUD, 0.0)
    uplink.use(GOOD)
    uplink.push(LOUD, 0.0)
    bundle, voice = (packet.header for packet in wire.packets)
    assert (is_bundle(bundle), bundle.codec, bundle.sequence) == (True, CodecId.CODEC2_1200, 0)
    assert (voice.codec, voice.sequence, voice.timestamp_ms) == (CodecId.OPUS_24K, 4, 160)


def test_opus_does_not_fit_into_the_lifeboat(wire: Wire) -> None:
    with pytest.raises(LocalMisuse):
        low_rate(wire).use(GOOD, lifeboat=True)
