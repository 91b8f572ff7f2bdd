"""Recordings for finding faults: WAV files of several tracks that only their owner may read."""

import asyncio
import os
import tempfile
import time
import wave
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np

from wzp_core.dsp.frame import RATE_HZ, Samples
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.files import make_private_folder

_Result = TypeVar("_Result")


class RecordingFolder:
    """Implements `ports.Recordings`; the disk is waited for on other threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def folder(self) -> str:
        return str(self._folder)

    def prepare(self) -> None:
        """Makes the folder, and finds out whether it can be written; raises Unavailable(CANNOT_RECORD)."""

        def tried() -> None:
            make_private_folder(self._folder)
            tempfile.TemporaryFile(dir=self._folder).close()

        _or_unavailable(self._folder, tried)

    @asynccontextmanager
    async def open(self, tracks: int) -> AsyncIterator["RecordingFile"]:
        """A new file of 48 kHz. Raises Unavailable(CANNOT_RECORD)."""
        file = await asyncio.to_thread(RecordingFile, self._folder, tracks)
        try:
            yield file
        except BaseException:
            with suppress(Unavailable):  # what went wrong first counts
                await asyncio.to_thread(file.close)
            raise
        await asyncio.to_thread(file.close)


class RecordingFile:
    """Implements `ports.Recording`. After a crash it can be read up to the last write."""

    def __init__(self, folder: Path, tracks: int) -> None:
        self._path, self._raw, self._file = _or_unavailable(folder, lambda: _opened(folder, tracks))

    @property
    def path(self) -> str:
        return str(self._path)

    async def write(self, tracks: Sequence[Samples]) -> None:
        """Raises Unavailable(CANNOT_RECORD)."""
        data = np.stack(tracks, axis=1).astype("<i2").tobytes()
        await asyncio.to_thread(_or_unavailable, self._path, lambda: self._file.writeframes(data))

    def close(self) -> None:
        """Raises Unavailable(CANNOT_RECORD)."""
        try:
            _or_unavailable(self._path, self._file.close)
        finally:
            _or_unavailable(self._path, self._raw.close)


def _opened(folder: Path, tracks: int) -> tuple[Path, BinaryIO, wave.Wave_write]:
    make_private_folder(folder)
    handle, name = tempfile.mkstemp(prefix=time.strftime("%Y%m%d-%H%M%S-"), suffix=".wav", dir=folder)  # mode 0600
    raw = os.fdopen(handle, "wb")
    file = wave.open(raw, "wb")  # noqa: SIM115  # closed by RecordingFile
    file.setnchannels(tracks)
    file.setsampwidth(2)
    file.setframerate(RATE_HZ)
    return Path(name), raw, file


def _or_unavailable(path: Path, work: Callable[[], _Result]) -> _Result:
    try:
        return work()
    except OSError as error:
        raise Unavailable(ErrorCode.CANNOT_RECORD, path=path, why=error.strerror) from None
