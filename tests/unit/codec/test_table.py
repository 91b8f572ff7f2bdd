import pytest

from wzp_core.codec.table import can_decode, can_encode, frame_samples, new_decoder, new_encoder, switch_encoder
from wzp_core.dsp.frame import silence
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.protocol.profile import (
    CATASTROPHIC,
    DEGRADED,
    GOOD,
    OPUS_16K,
    STUDIO_32K,
    STUDIO_48K,
    STUDIO_64K,
    CodecId,
    QualityProfile,
)


@pytest.mark.parametrize("profile", [STUDIO_64K, STUDIO_48K, STUDIO_32K, GOOD, OPUS_16K, DEGRADED])
def test_every_opus_profile_can_be_sent_and_received(profile: QualityProfile) -> None:
    decoder = new_decoder(profile.codec)
    assert decoder is not None
    assert can_encode(profile)
    payload = new_encoder(profile).encode(silence(frame_samples(profile)))
    assert decoder.decode(payload).size == frame_samples(profile)


def test_one_encoder_serves_one_profile_after_the_other() -> None:
    encoder = new_encoder(GOOD)
    switch_encoder(encoder, DEGRADED)
    assert encoder.frame_samples == 1920


def test_what_we_cannot_play_has_no_decoder() -> None:
    assert new_decoder(CodecId.CODEC2_1200) is None
    assert new_decoder(CodecId.COMFORT_NOISE) is None
    assert not can_decode(CodecId.CODEC2_3200)


def test_what_we_cannot_encode_is_refused_and_leaves_the_encoder_alone() -> None:
    encoder = new_encoder(GOOD)
    with pytest.raises(Unavailable) as caught:
        switch_encoder(encoder, CATASTROPHIC)
    assert caught.value.code is ErrorCode.NO_CODEC
    assert encoder.frame_samples == 960
