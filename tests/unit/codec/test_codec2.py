import numpy as np
import pytest

from wzp_core.codec.codec2 import MODES, Codec2Decoder, Codec2Encoder
from wzp_core.dsp.frame import Samples, silence
from wzp_core.dsp.meter import rms
from wzp_core.errors import ErrorCode, LocalMisuse, RemoteViolation, Unavailable
from wzp_core.protocol.profile import CodecId

both = pytest.mark.parametrize("codec", [CodecId.CODEC2_3200, CodecId.CODEC2_1200])


def voice(count: int) -> Samples:
    time = np.arange(count) / 48_000
    tone = sum(np.sin(2 * np.pi * 130 * k * time) / k for k in range(1, 20))
    return np.rint(4_000 * tone).astype(np.int16)


def heard(codec: CodecId, frames: int = 20) -> tuple[Codec2Decoder, Samples]:
    encoder, decoder = Codec2Encoder(codec), Codec2Decoder(codec)
    sound = voice(frames * encoder.frame_samples).reshape(frames, -1)
    return decoder, np.concatenate([decoder.decode(encoder.encode(frame)) for frame in sound])


@both
def test_frames_have_the_lengths_of_the_specification_and_are_heard(codec: CodecId) -> None:
    encoder = Codec2Encoder(codec)
    payload = encoder.encode(silence(encoder.frame_samples))
    assert len(payload) == {CodecId.CODEC2_3200: 8, CodecId.CODEC2_1200: 6}[codec]
    assert encoder.frame_samples == {CodecId.CODEC2_3200: 960, CodecId.CODEC2_1200: 1920}[codec]
    _, sound = heard(codec)
    assert sound.size == 20 * encoder.frame_samples
    assert rms(sound[10_000:]) > 0.5 * rms(voice(sound.size))


@both
def test_short_payloads_never_reach_the_library_and_long_ones_are_cut(codec: CodecId) -> None:
    decoder, size = Codec2Decoder(codec), MODES[codec].frame_bytes
    for payload in (b"", bytes(size - 1)):
        with pytest.raises(RemoteViolation) as caught:
            decoder.decode(payload)
        assert caught.value.code is ErrorCode.MALFORMED_PACKET
    assert decoder.decode(bytes(5_000)).size == MODES[codec].frame_samples


@both
def test_a_gap_goes_on_with_the_voice_and_ends_without_a_click(codec: CodecId) -> None:
    decoder, sound = heard(codec)
    encoder = Codec2Encoder(codec)
    frames = voice(30 * encoder.frame_samples).reshape(30, -1)
    payloads = [encoder.encode(frame) for frame in frames]
    gap = np.concatenate([decoder.conceal(480) for _ in range(3)])
    after = decoder.decode(payloads[-1])
    assert gap.size == 1_440
    assert rms(gap) > 0.5 * rms(sound[-1_440:])
    steps = np.abs(np.diff(np.concatenate((sound[-960:], gap, after)).astype(int)))
    assert steps.max() <= 1.5 * np.abs(np.diff(sound.astype(int))).max()


def test_there_is_nothing_to_go_on_with_before_the_first_frame() -> None:
    assert not Codec2Decoder(CodecId.CODEC2_3200).conceal(960).any()


def test_a_frame_of_another_length_is_our_own_mistake() -> None:
    with pytest.raises(LocalMisuse):
        Codec2Encoder(CodecId.CODEC2_1200).encode(silence(960))


def test_closed_codecs_refuse_work() -> None:
    encoder, (decoder, _) = Codec2Encoder(CodecId.CODEC2_3200), heard(CodecId.CODEC2_3200, 2)
    encoder.close()
    decoder.close()
    with pytest.raises(LocalMisuse):
        encoder.encode(silence())
    with pytest.raises(LocalMisuse):
        decoder.decode(bytes(8))


def test_a_missing_library_is_named_as_such(without_codec2: None) -> None:
    for make in (Codec2Encoder, Codec2Decoder):
        with pytest.raises(Unavailable) as caught:
            make(CodecId.CODEC2_3200)
        assert caught.value.code is ErrorCode.NO_CODEC
