import pytest

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
    profile_of,
)

TABLE = [
    (8, "Opus64k", STUDIO_64K, 0.1, 20, 5),
    (7, "Opus48k", STUDIO_48K, 0.1, 20, 5),
    (6, "Opus32k", STUDIO_32K, 0.1, 20, 5),
    (0, "Opus24k", GOOD, 0.2, 20, 5),
    (1, "Opus16k", OPUS_16K, 0.3, 20, 5),
    (2, "Opus6k", DEGRADED, 0.5, 40, 10),
    (3, "Codec2_3200", CODEC2_3200, 0.5, 20, 5),
    (4, "Codec2_1200", CATASTROPHIC, 1.0, 40, 8),
]


@pytest.mark.parametrize(("number", "name", "profile", "fec", "frame_ms", "block"), TABLE)
def test_each_profile_is_that_of_the_specification(
    number: int, name: str, profile: QualityProfile, fec: float, frame_ms: int, block: int
) -> None:
    codec = CodecId(number)
    assert codec.wire_name == name
    assert codec.is_opus is name.startswith("Opus")
    assert profile == QualityProfile(codec, fec, frame_ms, block)
    assert profile_of(codec) is profile


def test_comfort_noise_has_a_number_and_no_profile() -> None:
    assert (CodecId(5).wire_name, CodecId(5).is_opus, profile_of(CodecId(5))) == ("ComfortNoise", False, None)
    assert len(CodecId) == 9
