"""Which encoder and decoder a profile or a packet's codec id means (media.md §5)."""

from typing import Final

from wzp_core.codec.opus import OpusDecoder, OpusEncoder, OpusSettings
from wzp_core.dsp.frame import RATE_HZ
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.protocol.profile import CodecId, QualityProfile

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
    return profile.codec in _BITRATES


def new_encoder(profile: QualityProfile, *, dtx: bool = False) -> OpusEncoder:
    """Raises Unavailable(NO_CODEC) for a codec we have no encoder for."""
    return OpusEncoder(_settings(profile), dtx=dtx)


def switch_encoder(encoder: OpusEncoder, profile: QualityProfile) -> None:
    """The same object goes on with another profile, so that nothing is heard of it; raises as `new_encoder`."""
    encoder.configure(_settings(profile))


def new_decoder(codec: CodecId) -> OpusDecoder | None:
    """None for a codec we cannot decode. Raises Unavailable(NO_CODEC) where the library is missing."""
    return OpusDecoder() if codec in _BITRATES else None


def can_decode(codec: CodecId) -> bool:
    return codec in _BITRATES


def _settings(profile: QualityProfile) -> OpusSettings:
    if not can_encode(profile):
        raise Unavailable(ErrorCode.NO_CODEC, codec=profile.codec.wire_name)
    return OpusSettings(
        bitrate=_BITRATES[profile.codec],
        frame_samples=frame_samples(profile),
        dred_10ms=_DRED_10MS.get(profile.codec, _DRED_STUDIO_10MS),
    )
