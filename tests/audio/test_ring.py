import threading

import numpy as np

from wzp_core.dsp.frame import silence
from wzp_core.io.ring import SampleRing


def numbered(start: int, count: int) -> np.ndarray:
    return (np.arange(start, start + count) % 30_000).astype(np.int16)


def test_samples_come_out_as_they_went_in_across_the_seam() -> None:
    ring = SampleRing(100)
    for start in range(0, 1_000, 70):
        ring.write(numbered(start, 70))
        taken = ring.read(70)
        assert taken is not None
        assert np.array_equal(taken, numbered(start, 70))
    assert (ring.overflows, ring.underruns, ring.available) == (0, 0, 0)


def test_nothing_is_taken_until_enough_is_there() -> None:
    ring = SampleRing(100)
    ring.write(numbered(0, 30))
    assert ring.read(31) is None
    assert ring.available == 30


def test_a_reader_that_was_lapped_goes_on_with_the_oldest_that_is_left() -> None:
    ring = SampleRing(100)
    ring.write(numbered(0, 80))
    ring.write(numbered(80, 80))
    assert ring.available == 100
    taken = ring.read(100)
    assert taken is not None
    assert np.array_equal(taken, numbered(60, 100))
    assert ring.overflows == 1


def test_a_block_larger_than_the_ring_leaves_its_end() -> None:
    ring = SampleRing(100)
    ring.write(numbered(0, 250))
    taken = ring.read(100)
    assert taken is not None
    assert np.array_equal(taken, numbered(150, 100))


def test_what_is_missing_is_played_as_silence_and_counted() -> None:
    ring = SampleRing(100)
    ring.write(numbered(1, 10))
    out = np.full(30, 99, dtype=np.int16)
    ring.fill(out)
    assert np.array_equal(out, np.concatenate((numbered(1, 10), silence(20))))
    assert ring.underruns == 1
    ring.write(numbered(1, 30))
    ring.fill(out)
    assert ring.underruns == 1


def test_two_threads_lose_and_invent_nothing() -> None:
    ring, total, block = SampleRing(4_096), 480 * 2_000, 480
    room = threading.Semaphore(6)

    def write() -> None:
        for start in range(0, total, block):
            room.acquire()
            ring.write(numbered(start, block))

    writer = threading.Thread(target=write)
    writer.start()
    position = 0
    while position < total:
        taken = ring.read(block)
        if taken is not None:
            assert np.array_equal(taken, numbered(position, block))
            position += block
            room.release()
    writer.join()
    assert ring.overflows == 0
