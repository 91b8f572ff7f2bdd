import numpy as np
import pytest

from wzp_core.codec.opus import OpusDecoder
from wzp_core.codec.table import frame_samples, new_encoder
from wzp_core.codec.voice import VoiceDecoder
from wzp_core.dsp.frame import Samples
from wzp_core.dsp.meter import rms
from wzp_core.errors import RemoteViolation
from wzp_core.protocol.profile import CATASTROPHIC, CODEC2_3200, GOOD, CodecId, QualityProfile


def voice(count: int) -> Samples:
    time = np.arange(count) / 48_000
    return np.rint(3_000 * sum(np.sin(2 * np.pi * 130 * k * time) / k for k in range(1, 20))).astype(np.int16)


def payloads(profile: QualityProfile, count: int = 20) -> list[bytes]:
    encoder = new_encoder(profile)
    return [encoder.encode(frame) for frame in voice(count * frame_samples(profile)).reshape(count, -1)]


@pytest.mark.parametrize("profile", [CODEC2_3200, CATASTROPHIC])
def test_the_decoder_follows_each_payloads_codec_and_keeps_talking(profile: QualityProfile) -> None:
    decoder = VoiceDecoder(OpusDecoder())
    turns = [(GOOD, payloads(GOOD)), (profile, payloads(profile)), (GOOD, payloads(GOOD))]
    for turn, encoded in turns:
        sound = [decoder.decode(turn.codec, payload) for payload in encoded]
        assert {frame.size for frame in sound} == {frame_samples(turn)}
        assert rms(sound[-1]) > 1_000
    decoder.close()


def test_what_cannot_be_decoded_switches_nothing() -> None:
    decoder = VoiceDecoder(OpusDecoder())
    for payload in payloads(GOOD):
        decoder.decode(CodecId.OPUS_24K, payload)
    with pytest.raises(RemoteViolation):
        decoder.decode(CodecId.CODEC2_3200, b"short")
    assert rms(decoder.conceal(960)) > 500  # still the voice of before


def test_redundancy_is_asked_for_only_within_opus() -> None:
    decoder, opus = VoiceDecoder(OpusDecoder()), payloads(GOOD, 60)
    for payload in opus[:40]:
        decoder.decode(CodecId.OPUS_24K, payload)
    within = decoder.redundancy(CodecId.OPUS_24K, opus[50])
    assert decoder.redundancy(CodecId.CODEC2_3200, opus[50]) == 0
    decoder.decode(CodecId.CODEC2_3200, bytes(8))
    assert decoder.redundancy(CodecId.OPUS_24K, opus[50]) == 0
    assert not decoder.has_fec(CodecId.OPUS_24K, opus[50])
    assert within >= 0
