"""Recordings for finding faults, on a real disk."""

import asyncio
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.audio.tracks import tracks_of
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.recording import RecordingFolder

TRACKS = [np.arange(960, dtype=np.int16) * sign + place for place, sign in enumerate((1, -1, 7))]


async def test_every_track_is_written_in_step_into_a_file_of_its_owners(tmp_path: Path) -> None:
    folder = RecordingFolder(tmp_path / "new" / "folder")
    async with folder.open(3) as one, folder.open(3) as other:
        for _ in range(3):
            await one.write(TRACKS)
        assert one.path != other.path
    assert stat.S_IMODE(Path(one.path).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    for track, expected in zip(tracks_of(Path(one.path)), TRACKS, strict=True):
        assert np.array_equal(track, np.tile(expected, 3))


async def test_what_was_written_before_a_crash_can_be_read(tmp_path: Path) -> None:
    async with RecordingFolder(tmp_path).open(3) as recording:
        await recording.write(TRACKS)
        await recording.write(TRACKS)
        crashed = tmp_path / "crashed.wav"
        crashed.write_bytes(Path(recording.path).read_bytes())
    for track, expected in zip(tracks_of(crashed), TRACKS, strict=True):
        assert np.array_equal(track[: expected.size], expected)


async def test_a_folder_that_cannot_be_one_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = RecordingFolder(tmp_path / "file" / "folder")
    with pytest.raises(Unavailable) as refused:
        folder.prepare()
    assert refused.value.code is ErrorCode.CANNOT_RECORD
    with pytest.raises(Unavailable):
        async with folder.open(3):
            pytest.fail("opened")


async def test_a_full_disk_ends_a_recording_with_its_reason(tmp_path: Path) -> None:
    async with asyncio.timeout(10):
        with full_after(100_000), pytest.raises(Unavailable) as failed:
            await written_for_ever(tmp_path)
    assert failed.value.code is ErrorCode.CANNOT_RECORD
    (half,) = tmp_path.iterdir()
    assert failed.value.facts["path"] == half


async def written_for_ever(folder: Path) -> None:
    async with RecordingFolder(folder).open(3) as recording:
        while True:
            await recording.write(TRACKS)


@contextmanager
def full_after(size: int) -> Iterator[None]:
    """No file of this process may grow longer, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
