import numpy as np

from wzp_core.codec.codec2 import Codec2Encoder
from wzp_core.codec.fec import repair_symbols
from wzp_core.codec.opus import OpusDecoder, OpusEncoder, OpusSettings
from wzp_core.dsp.frame import FRAME_SAMPLES
from wzp_core.dsp.meter import rms
from wzp_core.media.stream import StreamReceiver
from wzp_core.protocol.media.header import MediaHeader, MediaPacket, ratio_code
from wzp_core.protocol.profile import CodecId

LONG = OpusSettings(bitrate=6_000, frame_samples=1920, dred_10ms=0)
GOOD = OpusSettings(bitrate=24_000, frame_samples=960, dred_10ms=20)


def tone(samples: int) -> np.ndarray:
    time = np.arange(samples) / 48_000
    return np.rint(6_000 * np.sin(2 * np.pi * 220 * time) + 3_000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16)


def packet(
    number: int, payload: bytes, codec: CodecId = CodecId.OPUS_24K, *, ms: int = 20, **more: bool
) -> MediaPacket:
    return MediaPacket(MediaHeader(codec=codec, sequence=number, timestamp_ms=number * ms, **more), payload)


def payloads(settings: OpusSettings, count: int) -> list[bytes]:
    encoder = OpusEncoder(settings)
    return [encoder.encode(tone(settings.frame_samples)) for _ in range(count)]


def test_long_packets_are_played_in_frames_of_twenty_milliseconds() -> None:
    stream = StreamReceiver(OpusDecoder(), 0.0)
    heard = []
    for tick, payload in enumerate(payloads(LONG, 30)):
        stream.receive(packet(tick, payload, CodecId.OPUS_6K, ms=40), tick * 0.040)
        heard += [stream.pull(tick * 0.040 + 0.005), stream.pull(tick * 0.040 + 0.025)]
    assert {frame.size for frame in heard} == {FRAME_SAMPLES}
    assert rms(np.concatenate(heard[20:])) > 3_000
    assert stream.totals().lost == 0
    assert stream.totals().plc_frames == 0


def test_a_stream_that_ends_fades_out_and_is_then_silent_and_uncounted() -> None:
    stream = StreamReceiver(OpusDecoder(), 0.0)
    now = 0.0
    for number, payload in enumerate(payloads(GOOD, 20)):
        stream.receive(packet(number, payload), now)
        stream.pull(now + 0.005)
        now += 0.020
    after = [rms(stream.pull(now + tick * 0.020 + 0.005)) for tick in range(60)]
    assert after[1] > 1_000
    assert max(after[12:]) == 0.0
    assert 140.0 <= stream.totals().concealed_ms <= 180.0
    assert stream.totals().lost == 0


def test_a_payload_the_codec_refuses_is_counted_and_guessed() -> None:
    stream = StreamReceiver(OpusDecoder(), 0.0)
    for number, payload in enumerate(payloads(GOOD, 20)):
        stream.receive(packet(number, b"\xff\xff" if number == 10 else payload), number * 0.020)
        stream.pull(number * 0.020 + 0.005)
    assert stream.totals().undecodable == 1
    assert stream.totals().plc_frames == 1


def test_comfort_noise_murmurs_until_the_voice_comes_back() -> None:
    stream = StreamReceiver(OpusDecoder(), 0.0)
    now, voice = 0.0, payloads(GOOD, 40)
    for number in range(20):
        stream.receive(packet(number, voice[number]), now)
        stream.pull(now + 0.005)
        now += 0.020
    noise = MediaPacket(MediaHeader(codec=CodecId.COMFORT_NOISE, sequence=20, timestamp_ms=400), b"\x32")
    stream.receive(noise, now)
    murmur = [stream.pull(now + tick * 0.020 + 0.005) for tick in range(30)][3:]
    assert all(20 < rms(frame) < 40 and np.abs(frame).max() <= 50 for frame in murmur)
    now += 0.600
    for number in range(21, 40):
        header = MediaHeader(codec=CodecId.OPUS_24K, sequence=number, timestamp_ms=1_000 + number * 20)
        stream.receive(MediaPacket(header, voice[number]), now)
        last = stream.pull(now + 0.005)
        now += 0.020
    assert rms(last) > 3_000
    assert stream.totals().lost == 0


def test_repair_packets_and_unknown_codecs_only_take_their_place() -> None:
    stream = StreamReceiver(OpusDecoder(), 0.0)
    number = 0
    for payload in payloads(GOOD, 30):
        now = number * 0.010
        stream.receive(packet(number, payload, ms=10), now)
        stream.receive(packet(number + 1, b"stray", ms=10, repair=True), now)
        stream.pull(now + 0.005)
        number += 2
    stream.receive(packet(number, b"codec2", CodecId.CODEC2_1200, ms=10), number * 0.010)
    assert stream.totals().lost == 0
    assert stream.totals().undecodable == 0


def test_a_frame_made_from_repairs_is_played_in_its_place_and_counted() -> None:
    encoder = Codec2Encoder(CodecId.CODEC2_3200)
    stream, sent, heard = StreamReceiver(OpusDecoder(), 0.0), [], []
    for block in range(8):
        frames = [encoder.encode(tone(FRAME_SAMPLES)) for _ in range(5)]
        numbers = range(block * 8, block * 8 + 8)
        for symbol, (number, payload) in enumerate(zip(numbers, frames + repair_symbols(frames, 3), strict=True)):
            header = MediaHeader(
                codec=CodecId.CODEC2_3200,
                sequence=number,
                timestamp_ms=(block * 5 + min(symbol, 5)) * 20,
                repair=symbol >= 5,
                fec_ratio=ratio_code(0.6),
                fec_block=block,
                fec_symbol=symbol,
            )
            sent.append(MediaPacket(header, payload))
        for symbol in range(5):
            now = (block * 5 + symbol) * 0.020
            due = sent[block * 8 + symbol :] if symbol == 4 else [sent[block * 8 + symbol]]
            for each in due:
                if each.header.fec_symbol not in (1, 6):  # one frame and one repair of each block are lost
                    stream.receive(each, now)
            heard.append(stream.pull(now + 0.005))
    totals = stream.totals()
    assert totals.fec_frames >= 5
    assert totals.lost == totals.late <= 2  # until playing is late enough; for ever lost was none
    assert totals.undecodable == 0
    assert rms(np.concatenate(heard[-10:])) > 500


def test_a_damaged_bundle_is_counted_and_nothing_is_heard_of_it() -> None:
    stream = StreamReceiver(OpusDecoder(), 0.0)
    header = MediaHeader(codec=CodecId.CODEC2_1200, sequence=0, timestamp_ms=0, repair=True, fec_symbol=255)
    stream.receive(MediaPacket(header, b"\x4c\x06\x00"), 0.0)
    assert stream.totals().undecodable == 1
    assert not stream.pull(0.1).any()
