"""A thread per open device: everything of PortAudio that blocks happens there, and what was opened is always closed."""

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from wzp_core.dsp.frame import RATE_HZ
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.sound_names import SOUND_SERVERS, candidates, present
from wzp_core.io.sound_side import BLOCK_S, CaptureSide, PlaybackSide

_SERVER_LATENCY_S: Final = 0.02  # no xruns at three busy processes on two cores; more only adds delay
_DEVICE_LATENCY_S: Final = 0.04
_LIBRARY_LIMIT_S: Final = 4.0  # a sound server that answers nothing may hold the library much longer
_INVALID_RATE: Final = -9997  # PortAudio's paInvalidSampleRate

_library_lock = threading.Lock()
_open_devices = 0  # guarded by the lock


class DeviceThread:
    """Opens both sides of a device, waits, closes them; a side that cannot be opened stays missing."""

    def __init__(self, capture: CaptureSide, playback: PlaybackSide, wanted: tuple[str | None, str | None]) -> None:
        """`wanted`: stable names; empty for the system's choice, None for a side to leave out."""
        self._sides: tuple[CaptureSide | PlaybackSide, ...] = (capture, playback)
        self._wanted = wanted
        self._loop = asyncio.get_running_loop()
        self._over = threading.Event()
        self._streams: list[Any] = []
        self.opened: asyncio.Future[None] = self._loop.create_future()  # fails with Unavailable(NO_DEVICE)
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self._thread = threading.Thread(target=self._run, name="sound device", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Soon; `closed` tells. Also ends an opening that hangs, once it comes back."""
        self._over.set()

    def _run(self) -> None:
        try:
            self._open()
        except Unavailable as error:
            self._tell(self.opened, error)
        else:
            self._tell(self.opened)
            self._over.wait()
            self._close()
        self._tell(self.closed)

    def _open(self) -> None:
        global _open_devices
        if not _library_lock.acquire(timeout=_LIBRARY_LIMIT_S):
            raise Unavailable(ErrorCode.NO_DEVICE, library="PortAudio", busy=True)
        try:
            with portaudio() as sd:
                renew_list(sd)
                for side, wanted in zip(self._sides, self._wanted, strict=True):
                    if wanted is not None and not self._over.is_set():
                        self._open_side(sd, side, wanted)
                if not self._streams:
                    raise Unavailable(ErrorCode.NO_DEVICE, input=self._wanted[0], output=self._wanted[1])
                _open_devices += 1
        finally:
            _library_lock.release()

    def _open_side(self, sd: Any, side: CaptureSide | PlaybackSide, wanted: str) -> None:
        index = present(sd, side.name)
        for name in candidates(sd, side.name, wanted):
            try:
                self._streams.append(_started(sd, side, name, index[name]))
            except (sd.PortAudioError, Unavailable):
                continue
            return

    def _close(self) -> None:
        global _open_devices
        with _library_lock, portaudio() as sd:
            for stream in self._streams:
                _close_stream(sd, stream)
            self._streams = []
            _open_devices -= 1

    def _tell(self, future: "asyncio.Future[None]", error: Unavailable | None = None) -> None:
        def settle() -> None:
            if future.done():
                return
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        with suppress(RuntimeError):  # the loop ended before the device was closed
            self._loop.call_soon_threadsafe(settle)


def list_names() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Blocks. Inputs and outputs, from when PortAudio was started last; raises Unavailable(NO_DEVICE)."""
    if not _library_lock.acquire(timeout=_LIBRARY_LIMIT_S):
        raise Unavailable(ErrorCode.NO_DEVICE, library="PortAudio", busy=True)
    try:
        with portaudio() as sd:
            renew_list(sd)
            return tuple(present(sd, "input")), tuple(present(sd, "output"))
    finally:
        _library_lock.release()


def renew_list(sd: Any) -> None:
    """Makes PortAudio see today's devices, unless that would end a stream; under the lock."""
    if not _open_devices:
        sd._terminate()
        sd._initialize()


def _started(sd: Any, side: CaptureSide | PlaybackSide, name: str, index: int) -> Any:
    """At 48 kHz, or else at the device's own rate. Raises PortAudioError, Unavailable."""
    try:
        return _started_at(sd, side, name, index, RATE_HZ)
    except sd.PortAudioError as error:
        rate_hz = int(sd.query_devices(index)["default_samplerate"])
        if error.args[1:2] != (_INVALID_RATE,) or rate_hz == RATE_HZ:
            raise
        return _started_at(sd, side, name, index, rate_hz)


def _started_at(sd: Any, side: CaptureSide | PlaybackSide, name: str, index: int, rate_hz: int) -> Any:
    side.prepare(rate_hz)
    stream = (sd.RawInputStream if side.name == "input" else sd.RawOutputStream)(
        device=index,
        samplerate=rate_hz,
        channels=1,
        dtype="int16",
        blocksize=round(rate_hz * BLOCK_S),
        latency=_SERVER_LATENCY_S if name in SOUND_SERVERS else _DEVICE_LATENCY_S,
        callback=side.callback,
        finished_callback=side.finished,
    )
    try:
        stream.start()
    except sd.PortAudioError:
        _close_stream(sd, stream)
        raise
    side.opened(name, float(stream.latency))
    return stream


def _close_stream(sd: Any, stream: Any) -> None:
    with suppress(sd.PortAudioError):  # a device that was unplugged cannot be stopped properly
        stream.abort()
    with suppress(sd.PortAudioError):
        stream.close()


@contextmanager
def portaudio() -> Iterator[Any]:
    """The sounddevice module, with what the sound system's libraries print on stderr held back.

    Raises Unavailable(NO_DEVICE) where PortAudio is missing or does not start.
    """
    with _quiet_stderr():
        try:
            import sounddevice
        except OSError as error:
            raise Unavailable(ErrorCode.NO_DEVICE, library="PortAudio") from error
        try:
            yield sounddevice
        except sounddevice.PortAudioError as error:
            raise Unavailable(ErrorCode.NO_DEVICE, library="PortAudio") from error


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    try:
        kept = os.dup(2)
    except OSError:  # a windowed program may have none
        yield
        return
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)
