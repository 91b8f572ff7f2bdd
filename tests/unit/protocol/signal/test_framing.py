import json
from pathlib import Path

import pytest

from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.signal import codec
from wzp_core.protocol.signal.framing import LONGEST_FRAME, FrameReader, frame

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "framing.json").read_text("utf-8"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["signal"])
def test_each_example_of_the_specification_is_framed_alike(vector: dict[str, str]) -> None:
    stream = bytes.fromhex(vector["hex"])
    assert frame(codec.encode(codec.decode(vector["signal"].encode()))) == stream
    assert FrameReader().feed(stream, True) == vector["signal"].encode()


def test_a_frame_that_comes_byte_by_byte_is_given_out_once() -> None:
    reader = FrameReader()
    given = [reader.feed(bytes([byte]), False) for byte in frame(b"signal")]
    assert given == [None] * 9 + [b"signal"]
    assert reader.feed(b"", True) is None


def test_bytes_after_the_frame_are_ignored_but_counted() -> None:
    reader = FrameReader()
    assert reader.feed(frame(b"signal") + b"more", False) == b"signal"
    assert reader.feed(b"and more", True) is None
    assert reader.received == 4 + 6 + 4 + 8


def test_an_empty_frame_is_a_frame() -> None:
    assert FrameReader().feed(bytes(4), False) == b""


@pytest.mark.parametrize("length", [0, 3, 4, 9])
def test_a_stream_that_ends_early_is_refused(length: int) -> None:
    reader = FrameReader()
    with pytest.raises(RemoteViolation) as refused:
        reader.feed(frame(b"signal")[:length], True)
    assert refused.value.code is ErrorCode.MALFORMED_SIGNAL
    assert reader.received == length


def test_more_than_a_mebibyte_is_refused_as_soon_as_it_is_announced() -> None:
    with pytest.raises(RemoteViolation) as refused:
        FrameReader().feed((LONGEST_FRAME + 1).to_bytes(4, "big"), False)
    assert refused.value.code is ErrorCode.TOO_LARGE
    with pytest.raises(RemoteViolation):
        frame(bytes(LONGEST_FRAME + 1))


def test_a_refused_stream_stays_silent() -> None:
    reader = FrameReader()
    with pytest.raises(RemoteViolation):
        reader.feed(b"\xff\xff\xff\xff", False)
    assert reader.feed(frame(b"signal"), True) is None


def test_exactly_a_mebibyte_passes() -> None:
    payload = bytes(LONGEST_FRAME)
    assert FrameReader().feed(frame(payload), True) == payload
