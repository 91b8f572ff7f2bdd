import pytest

from wzp_core.media.dred_tuner import DredTuner, Protection
from wzp_core.protocol.profile import CodecId


def narrow(codec: CodecId) -> DredTuner:
    """For a path that has no room for more than the voice."""
    tuner = DredTuner(codec)
    tuner.use(codec, narrow=True)
    return tuner


@pytest.mark.parametrize(
    ("codec", "baseline", "ceiling"),
    [(CodecId.OPUS_64K, 10, 30), (CodecId.OPUS_24K, 20, 50), (CodecId.OPUS_16K, 20, 50), (CodecId.OPUS_6K, 50, 104)],
)
def test_reach_grows_with_loss_from_the_baseline_to_the_ceiling(codec: CodecId, baseline: int, ceiling: int) -> None:
    tuner = narrow(codec)
    assert tuner.protection == Protection(baseline, 15)
    assert tuner.update(0.0, 50.0, 5.0) == Protection(baseline, 0)
    assert tuner.update(20.0, 50.0, 5.0) == Protection(baseline + (ceiling - baseline) // 2, 20)
    assert tuner.update(80.0, 50.0, 5.0) == Protection(ceiling, 80)


@pytest.mark.parametrize(
    ("codec", "extra"), [(CodecId.OPUS_32K, 0), (CodecId.OPUS_24K, 8_000), (CodecId.OPUS_16K, 8_000)]
)
def test_where_loss_is_heavy_redundancy_has_bits_beside_those_of_a_low_rate(codec: CodecId, extra: int) -> None:
    tuner = DredTuner(codec)
    for loss_pct, expected in ((0.0, 0), (4.0, 0), (5.0, extra), (30.0, extra), (0.0, 0)):
        tuner.update(loss_pct, 50.0, 5.0)
        assert tuner.protection is not None
        assert tuner.protection.extra_bitrate == expected


def test_only_changes_are_reported() -> None:
    tuner = narrow(CodecId.OPUS_24K)
    assert tuner.update(15.0, 50.0, 5.0) == Protection(31, 15)
    assert tuner.update(15.0, 50.0, 5.0) is None
    assert tuner.update(15.4, 50.0, 5.0) is None
    assert tuner.protection == Protection(31, 15)


def test_a_spike_of_jitter_asks_for_all_there_is_for_nine_updates() -> None:
    tuner = DredTuner(CodecId.OPUS_24K)
    tuner.update(0.0, 50.0, 5.0)
    assert tuner.update(0.0, 50.0, 60.0) == Protection(50, 0)
    answers = [tuner.update(0.0, 50.0, 5.0) for _ in range(9)]
    assert answers == [None] * 8 + [Protection(20, 0)]


def test_jitter_below_a_millisecond_is_no_spike() -> None:
    tuner = DredTuner(CodecId.OPUS_24K)
    tuner.update(0.0, 50.0, 0.1)
    assert tuner.update(0.0, 50.0, 0.9) is None


def test_a_slow_path_counts_as_loss_up_to_fifteen_percent() -> None:
    tuner = narrow(CodecId.OPUS_24K)
    assert tuner.update(1.0, 400.0, 5.0) == Protection(20, 6)
    assert tuner.update(1.0, 5_000.0, 5.0) == Protection(20, 16)
    assert tuner.update(95.0, 5_000.0, 5.0) == Protection(50, 100)


def test_another_codec_begins_anew() -> None:
    tuner = DredTuner(CodecId.OPUS_24K)
    tuner.update(0.0, 50.0, 5.0)
    tuner.update(0.0, 50.0, 60.0)
    tuner.use(CodecId.OPUS_6K)
    assert tuner.protection == Protection(50, 15)
    assert tuner.update(0.0, 50.0, 5.0) == Protection(50, 0)


def test_codec2_is_told_the_loss_for_its_repairs_and_nothing_else() -> None:
    tuner = DredTuner(CodecId.OPUS_24K)
    tuner.use(CodecId.CODEC2_3200, repeats=True)
    assert tuner.protection is None
    assert tuner.update(50.0, 500.0, 90.0, 3.0) == Protection(0, 50)
    assert tuner.update(50.4, 800.0, 5.0) is None
    assert tuner.update(0.0, 20.0, 5.0) == Protection(0, 0)


def test_a_peer_that_knows_them_gets_repeats_as_far_apart_as_losses_are_long() -> None:
    tuner = DredTuner(CodecId.OPUS_24K)
    assert tuner.update(30.0, 50.0, 5.0) == Protection(42, 30, (), 8_000)
    tuner.use(CodecId.OPUS_24K, repeats=True, narrow=True)
    assert tuner.update(30.0, 50.0, 5.0) == Protection(42, 30)
    tuner.use(CodecId.OPUS_24K, repeats=True)
    assert tuner.update(2.0, 50.0, 5.0) == Protection(21, 2)
    assert tuner.update(10.0, 50.0, 5.0) == Protection(0, 10, (1,))
    assert tuner.update(30.0, 50.0, 5.0) == Protection(0, 30, (1, 3))
    assert tuner.update(30.0, 50.0, 5.0, 3.5) == Protection(0, 30, (4, 9))
    assert tuner.update(13.0, 50.0, 5.0, 40.0) == Protection(0, 13, (10,))
    tuner.use(CodecId.OPUS_6K, repeats=True)
    assert tuner.update(13.0, 50.0, 5.0, 40.0) == Protection(0, 13, (5,))


def test_a_link_that_loses_nothing_for_long_is_spared_the_cost_until_it_loses_again() -> None:
    tuner = DredTuner(CodecId.OPUS_24K)
    for repeats in (False, True):
        tuner.use(CodecId.OPUS_24K, repeats=repeats)
        for _ in range(30):
            tuner.update(0.0, 50.0, 5.0)
        assert tuner.protection == Protection(0, 0)
        tuner.update(1.0, 50.0, 5.0)
        assert tuner.protection == Protection(20, 1)
        assert tuner.update(0.0, 50.0, 5.0) == Protection(20, 0)
