import numpy as np
import pytest

from wzp_core.codec.opus import OpusDecoder
from wzp_core.codec.table import can_decode, can_encode, frame_samples, new_encoder, switch_encoder
from wzp_core.codec.voice import VoiceDecoder
from wzp_core.dsp.frame import silence
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.protocol.profile import (
    CATASTROPHIC,
    CODEC2_3200,
    DEGRADED,
    GOOD,
    OPUS_16K,
    STUDIO_32K,
    STUDIO_48K,
    STUDIO_64K,
    CodecId,
    QualityProfile,
)

ALL = [STUDIO_64K, STUDIO_48K, STUDIO_32K, GOOD, OPUS_16K, DEGRADED, CODEC2_3200, CATASTROPHIC]


@pytest.mark.parametrize("profile", ALL)
def test_every_profile_can_be_sent_and_received(profile: QualityProfile) -> None:
    assert can_encode(profile)
    assert can_decode(profile.codec)
    payload = new_encoder(profile).encode(silence(frame_samples(profile)))
    assert VoiceDecoder(OpusDecoder()).decode(profile.codec, payload).size == frame_samples(profile)


def test_one_opus_encoder_serves_one_profile_after_the_other() -> None:
    encoder = new_encoder(GOOD)
    assert switch_encoder(encoder, DEGRADED) is encoder
    assert encoder.frame_samples == 1920


def test_another_codec_is_another_encoder_and_the_same_one_is_kept() -> None:
    encoder = new_encoder(GOOD)
    low = switch_encoder(encoder, CATASTROPHIC)
    assert low is not encoder
    assert switch_encoder(low, CATASTROPHIC) is low
    assert (low.frame_samples, switch_encoder(low, CODEC2_3200).frame_samples) == (1920, 960)
    assert switch_encoder(low, GOOD).frame_samples == 960


def test_comfort_noise_is_neither_encoded_nor_decoded() -> None:
    assert not can_decode(CodecId.COMFORT_NOISE)
    with pytest.raises(Unavailable) as caught:
        new_encoder(QualityProfile(CodecId.COMFORT_NOISE, 0.0, 20, 5))
    assert caught.value.code is ErrorCode.NO_CODEC


def test_without_the_library_the_low_rates_are_refused_and_the_encoder_goes_on(without_codec2: None) -> None:
    encoder = new_encoder(GOOD)
    assert not can_encode(CATASTROPHIC)
    assert not can_decode(CodecId.CODEC2_3200)
    with pytest.raises(Unavailable) as caught:
        switch_encoder(encoder, CATASTROPHIC)
    assert caught.value.code is ErrorCode.NO_CODEC
    assert encoder.encode(np.zeros(960, np.int16))
