import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wzp_core.codec.opus import OpusDecoder, OpusEncoder, OpusSettings
from wzp_core.codec.repeat import bare, repeats, room, with_repeats

SOURCE = bytes((0x78, 1, 2, 3))  # one frame
EARLIER = bytes((0x78, *[9] * 60))


@pytest.mark.parametrize("size", [1, 60, 253, 254, 255, 300])
def test_what_is_repeated_comes_back(size: int) -> None:
    earlier = [(1, bytes((0x78,)) + bytes(size)), (3, EARLIER)]
    packet = with_repeats(SOURCE, earlier, 512)
    assert repeats(packet) == earlier
    assert bare(packet) == SOURCE


def test_what_does_not_fit_is_left_out_last_first() -> None:
    assert repeats(with_repeats(SOURCE, [(1, EARLIER), (3, EARLIER)], 100)) == [(1, EARLIER)]
    assert with_repeats(SOURCE, [(1, EARLIER)], 30) == SOURCE
    assert with_repeats(SOURCE, [], 512) == SOURCE


@pytest.mark.parametrize("count", range(4))
def test_packets_kept_short_enough_all_fit(count: int) -> None:
    packet = bytes((0x78,)) + bytes(room(512, count) - 1)
    earlier = [(ago, packet) for ago in range(1, count + 1)]
    whole = with_repeats(packet, earlier, 512)
    assert repeats(whole) == earlier
    assert 500 <= len(whole) <= 512


def test_another_decoder_hears_no_difference_and_finds_the_deep_redundancy() -> None:
    encoder = OpusEncoder(OpusSettings(bitrate=24_000, frame_samples=960, dred_10ms=20))
    encoder.protect(dred_10ms=20, expected_loss_pct=30)
    one, other = OpusDecoder(), OpusDecoder()
    noise = np.random.default_rng(3)
    for _ in range(30):
        payload = encoder.encode(noise.normal(0, 3_000, 960).astype(np.int16))
        packet = with_repeats(payload, [(1, EARLIER)], 512)
        assert len(packet) > len(payload)
        assert one.decode(payload).tobytes() == other.decode(packet).tobytes()
        assert one.redundancy(payload) == other.redundancy(packet)
    assert repeats(packet) == [(1, EARLIER)]


@given(st.binary(max_size=600))
def test_damaged_padding_repeats_nothing_harmful(payload: bytes) -> None:
    for ago, packet in repeats(payload):
        assert ago > 0
        assert 0 < len(packet) <= len(payload)
    bare(payload)
