"""Which encoder a profile means, and what we can play (media.md §5)."""

from typing import Final, TypeAlias

from wzp_core.codec.codec2 import MODES, Codec2Encoder, codec2_available
from wzp_core.codec.opus import OpusEncoder, OpusSettings
from wzp_core.dsp.frame import RATE_HZ
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.protocol.profile import CodecId, QualityProfile

Encoder: TypeAlias = OpusEncoder | Codec2Encoder

_BITRATES: Final = {
    CodecId.OPUS_6K: 6_000,
    CodecId.OPUS_16K: 16_000,
    CodecId.OPUS_24K: 24_000,
    CodecId.OPUS_32K: 32_000,
    CodecId.OPUS_48K: 48_000,
    CodecId.OPUS_64K: 64_000,
}
_DRED_10MS: Final = {CodecId.OPUS_6K: 104, CodecId.OPUS_16K: 20, CodecId.OPUS_24K: 20}
_DRED_STUDIO_10MS: Final = 10


def frame_samples(profile: QualityProfile) -> int:
    """Samples in one frame at 48 kHz."""
    return profile.frame_duration_ms * RATE_HZ // 1000


def can_encode(profile: QualityProfile) -> bool:
    return can_decode(profile.codec)


def can_decode(codec: CodecId) -> bool:
    """Whether we have a decoder; comfort noise needs none."""
    return codec in _BITRATES or (codec in MODES and codec2_available())


def new_encoder(profile: QualityProfile, *, dtx: bool = False) -> Encoder:
    """Raises Unavailable(NO_CODEC) for a codec we have no encoder for."""
    if profile.codec in MODES:
        return Codec2Encoder(profile.codec)
    return OpusEncoder(_settings(profile), dtx=dtx)


def switch_encoder(encoder: Encoder, profile: QualityProfile) -> Encoder:
    """The encoder to go on with: the same one where it can change its profile, so that nothing is heard of it.

    Where another is returned the caller closes the old one. Raises as `new_encoder` and leaves `encoder` as it is.
    """
    if isinstance(encoder, Codec2Encoder):
        return encoder if encoder.codec is profile.codec else new_encoder(profile)
    if profile.codec in MODES:
        return new_encoder(profile)
    encoder.configure(_settings(profile))
    return encoder


def _settings(profile: QualityProfile) -> OpusSettings:
    if profile.codec not in _BITRATES:
        raise Unavailable(ErrorCode.NO_CODEC, codec=profile.codec.wire_name)
    return OpusSettings(
        bitrate=_BITRATES[profile.codec],
        frame_samples=frame_samples(profile),
        dred_10ms=_DRED_10MS.get(profile.codec, _DRED_STUDIO_10MS),
    )
