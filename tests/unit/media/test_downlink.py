import numpy as np
import pytest

from wzp_core.dsp.frame import FRAME_SAMPLES
from wzp_core.dsp.meter import rms
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.media.downlink import MOST_STREAMS, Downlink
from wzp_core.media.uplink import Uplink
from wzp_core.protocol.media.header import MediaHeader, MediaPacket, decode_packet, encode_packet
from wzp_core.protocol.profile import CATASTROPHIC, CodecId


def tone(hz: float, frames: int) -> list[np.ndarray]:
    time = np.arange(frames * FRAME_SAMPLES) / 48_000
    return list(np.rint(6_000 * np.sin(2 * np.pi * hz * time)).astype(np.int16).reshape(frames, FRAME_SAMPLES))


def sender(stream_id: int) -> Uplink:
    return Uplink(stream_id=stream_id, seal=lambda packet, now: encode_packet(packet))


def receiver() -> Downlink:
    return Downlink(lambda datagram, now: decode_packet(datagram))


def run(downlink: Downlink, uplinks: list[Uplink], frames: int = 50, start: float = 0.0) -> list[np.ndarray]:
    heard = []
    for tick, frame in enumerate(tone(300, frames)):
        now = start + tick * 0.020
        for uplink in uplinks:
            for datagram in uplink.push(frame, now):
                downlink.receive(datagram, now + 0.002)
        heard.append(downlink.pull(now + 0.010))
    return heard


def test_nobody_is_exactly_one_frame_of_silence() -> None:
    frame = receiver().pull(0.0)
    assert frame.size == FRAME_SAMPLES
    assert not frame.any()


def test_one_sender_is_heard_as_sent() -> None:
    downlink = receiver()
    heard = run(downlink, [sender(1)])
    assert {frame.size for frame in heard} == {FRAME_SAMPLES}
    assert rms(np.concatenate(heard[10:])) == pytest.approx(rms(np.concatenate(tone(300, 50))), rel=0.1)
    stats = downlink.stats()
    assert (stats.received, stats.opened, stats.rejected, stats.lost, stats.plc_frames) == (50, 50, 0, 0, 0)
    assert (stats.codec, stats.speaking, stats.concealed_ms) == ("Opus24k", (1,), 0.0)
    assert stats.last_packet_at == pytest.approx(49 * 0.020 + 0.002)
    assert 0.0 < stats.jitter_delay_ms < 45.0
    assert downlink.level > 0.6


def test_several_senders_with_one_numbering_are_told_apart_and_mixed() -> None:
    alone, together = receiver(), receiver()
    one = run(alone, [sender(1)])
    both = run(together, [sender(1), sender(2)])
    assert rms(np.concatenate(both[10:])) > 1.8 * rms(np.concatenate(one[10:]))
    assert together.stats().speaking == (1, 2)
    assert together.stats().duplicated == together.stats().lost == 0


def test_what_cannot_be_opened_never_reaches_a_codec_and_is_counted_by_cause() -> None:
    again = encode_packet(MediaPacket(MediaHeader(codec=CodecId.OPUS_24K, sequence=0, timestamp_ms=0), b"\x08\x00"))

    def refuse(datagram: bytes, now: float) -> MediaPacket:
        raise RemoteViolation({b"a": ErrorCode.CANNOT_OPEN, again: ErrorCode.REPLAYED}[datagram])

    downlink = Downlink(refuse)
    assert [downlink.receive(datagram, 0.0) for datagram in (b"a", b"a", again)] == [None, None, None]
    stats = downlink.stats()
    assert (stats.received, stats.opened, stats.rejected, stats.duplicated) == (3, 0, 2, 1)
    assert stats.rejected_by == (("cannot_open", 2),)
    assert stats.last_packet_at is None
    assert not downlink.pull(0.1).any()


def test_malformed_datagrams_are_counted() -> None:
    downlink = receiver()
    assert downlink.receive(b"short", 0.0) is None
    assert downlink.stats().rejected_by == (("malformed_packet", 1),)


def test_a_received_packet_is_handed_back_for_its_report() -> None:
    packet = MediaPacket(MediaHeader(codec=CodecId.OPUS_24K, sequence=0, timestamp_ms=0), b"\x08\x00")
    assert receiver().receive(encode_packet(packet), 0.0) == packet


def test_a_codec_without_decoder_is_counted_and_no_error(without_codec2: None) -> None:
    downlink = receiver()
    for number in range(20):
        header = MediaHeader(codec=CATASTROPHIC.codec, sequence=number, timestamp_ms=number * 40)
        assert downlink.receive(encode_packet(MediaPacket(header, bytes(6))), number * 0.040) is not None
        assert not downlink.pull(number * 0.040 + 0.01).any()
    stats = downlink.stats()
    assert (stats.no_decoder, stats.lost, stats.undecodable, stats.codec) == (20, 0, 0, "")


def test_both_copies_of_a_packet_on_two_paths_are_played_once() -> None:
    downlink, uplink = receiver(), sender(1)
    for tick, frame in enumerate(tone(300, 50)):
        (datagram,) = uplink.push(frame, tick * 0.020)
        downlink.receive(datagram, tick * 0.020)
        downlink.receive(datagram, tick * 0.020 + 0.008)
        downlink.pull(tick * 0.020 + 0.010)
    stats = downlink.stats()
    assert (stats.duplicated, stats.late, stats.lost, stats.plc_frames) == (50, 0, 0, 0)


def test_streams_are_bounded_and_idle_ones_make_room_with_their_totals_kept() -> None:
    downlink = receiver()
    run(downlink, [sender(number) for number in range(1, MOST_STREAMS + 1)], frames=3)
    run(downlink, [sender(99)], frames=2, start=1.0)
    assert downlink.stats().rejected_by == (("limit", 2),)
    concealed = downlink.stats().concealed_ms
    heard = run(downlink, [sender(99)], start=30.0)
    assert rms(heard[-1]) > 1_000
    assert downlink.stats().speaking == (99,)
    assert downlink.stats().concealed_ms >= concealed


def test_totals_never_run_backwards_and_survive_closing() -> None:
    downlink = receiver()
    run(downlink, [sender(1)], frames=30)
    for tick in range(20):
        downlink.pull(0.6 + tick * 0.020)
    before = downlink.stats()
    assert before.plc_frames > 0
    downlink.close()
    assert downlink.stats().plc_frames == before.plc_frames
