"""Records what the microphone heard, its echo reference and what was made of it, where the user wants that."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from wzp_core.dsp.frame import RATE_HZ, Samples
from wzp_core.engine.board import Board
from wzp_core.engine.capture import Capture
from wzp_core.engine.world import World
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.logs import event, logger
from wzp_core.ports import Recording
from wzp_core.session.state import Notice

LIMIT_S: Final = 600.0  # 173 MB

_TRACKS: Final = 3
_LOOK_S: Final = 0.2  # between two looks at the switch, and two writes
_MOST_WAITING: Final = 500  # frames that the disk is behind

log = logger("recorder")


async def record_debug(capture: Capture, world: World, board: Board) -> None:
    """Until cancelled: a file each time the setting is switched on, and one if it is on already."""

    def wanted() -> bool:
        return board.state.settings.audio.record_debug

    while world.recordings is not None:
        await _until(wanted)
        try:
            async with world.recordings.open(_TRACKS) as recording:
                _show(board, recording.path)
                await _fill(recording, capture, wanted)
        except Unavailable as error:
            event(log, "recorder:failed", level=logging.WARNING, error=error)
            board.set(notice=Notice(code=error.code, detail=world.recordings.folder))
        finally:
            _show(board, "")
        await _until(lambda: not wanted())


async def _fill(recording: Recording, capture: Capture, wanted: Callable[[], bool]) -> None:
    """Returns when it is no longer wanted or long enough. Raises Unavailable(CANNOT_RECORD)."""
    waiting: deque[tuple[Samples, ...]] = deque(maxlen=_MOST_WAITING)
    room = round(LIMIT_S * RATE_HZ)
    capture.recorder = lambda *tracks: waiting.append(tracks)
    try:
        while wanted() and room > 0:
            await asyncio.sleep(_LOOK_S)
            room -= await _drained(waiting, recording, room)
    finally:
        capture.recorder = None
        await _drained(waiting, recording, room)


async def _drained(waiting: deque[tuple[Samples, ...]], recording: Recording, room: int) -> int:
    """How many samples of what waits were written to each track, `room` at the most."""
    if len(waiting) == _MOST_WAITING:  # a gap would shift everything after it
        raise Unavailable(ErrorCode.CANNOT_RECORD, path=recording.path, why="the disk is too slow")
    frames = [waiting.popleft() for _ in range(len(waiting))]  # the capture thread may add more meanwhile
    if not frames or room <= 0:
        return 0
    tracks = [np.concatenate(track)[:room] for track in zip(*frames, strict=True)]
    await recording.write(tracks)
    return tracks[0].size


async def _until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110  # settings are looked at, here as with every frame
        await asyncio.sleep(_LOOK_S)


def _show(board: Board, path: str) -> None:
    board.set(recording=replace(board.state.recording, file=path))
