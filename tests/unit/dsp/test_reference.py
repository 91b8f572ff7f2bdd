import numpy as np
import pytest

from wzp_core.dsp.frame import FRAME_SAMPLES, silence
from wzp_core.dsp.reference import HELD_MS, ReferenceBuffer
from wzp_core.errors import LocalMisuse

HELD = HELD_MS * 48


def numbered(count: int, start: int = 1) -> np.ndarray:
    return (np.arange(start, start + count) % 30_000).astype(np.int16)


def test_what_goes_in_comes_out_in_order_a_little_later() -> None:
    buffer = ReferenceBuffer()
    heard = []
    for start in range(1, 9_601, FRAME_SAMPLES):
        buffer.push(numbered(FRAME_SAMPLES, start))
        heard.append(buffer.pull(FRAME_SAMPLES))
    out = np.concatenate(heard)
    assert not out[:HELD].any()
    assert np.array_equal(out[HELD:], numbered(9_600 - HELD))


def test_without_anything_played_there_is_silence() -> None:
    assert np.array_equal(ReferenceBuffer().pull(FRAME_SAMPLES), silence())


def test_bursts_leave_no_hole() -> None:
    buffer, out = ReferenceBuffer(), []
    for tick in range(60):
        if tick % 3 == 0:
            buffer.push(numbered(3 * FRAME_SAMPLES, 1 + tick * FRAME_SAMPLES))
        out.append(buffer.pull(FRAME_SAMPLES))
    assert np.array_equal(np.concatenate(out)[HELD:], numbered(60 * FRAME_SAMPLES - HELD))


def test_the_delay_after_a_pause_is_the_one_before_it() -> None:
    buffer = ReferenceBuffer()
    for _ in range(2):
        out = []
        for tick in range(30):
            if tick < 10:
                buffer.push(numbered(FRAME_SAMPLES, 1 + tick * FRAME_SAMPLES))
            out.append(buffer.pull(FRAME_SAMPLES))
        assert int(np.argmax(np.concatenate(out) == 1)) == HELD


@pytest.mark.parametrize("ppm", [-300, -100, 100, 300])
def test_clocks_that_differ_leave_no_hole_and_no_growing_delay_in_half_an_hour(ppm: int) -> None:
    buffer, pushed = ReferenceBuffer(), 0
    behind = []
    for tick in range(1, 90_001):
        while pushed * FRAME_SAMPLES <= tick * FRAME_SAMPLES * (1 + ppm * 1e-6):
            pushed += 1
            buffer.push(np.full(FRAME_SAMPLES, pushed % 30_000 + 1, np.int16))
        frame = buffer.pull(FRAME_SAMPLES)
        if tick > 2:
            assert frame.all()
            behind.append((pushed % 30_000 + 1 - int(frame[-1])) % 30_000)
    assert max(behind) <= 4  # frames


def test_a_flood_is_given_up_but_for_its_end() -> None:
    buffer = ReferenceBuffer()
    for _ in range(5):
        buffer.push(numbered(20_000))
    for _ in range(50):
        frame = buffer.pull(FRAME_SAMPLES)
        if not frame.all():
            break
    else:
        pytest.fail("more was kept than half a second")


@pytest.mark.parametrize("played", [np.zeros(48_001, np.int16), np.zeros(960), np.zeros((2, 480), np.int16)])
def test_what_is_no_second_of_sound_is_refused(played: np.ndarray) -> None:
    with pytest.raises(LocalMisuse):
        ReferenceBuffer().push(played)
