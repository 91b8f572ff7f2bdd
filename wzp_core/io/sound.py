"""Microphone and speaker through PortAudio; the library is loaded when a device is first named or opened."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from wzp_core.dsp.frame import Samples
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.sound_names import SIDES
from wzp_core.io.sound_side import CaptureSide, PlaybackSide
from wzp_core.io.sound_streams import DeviceThread, list_names
from wzp_core.io.sound_watch import can_look, look, until_better
from wzp_core.ports import SoundStats

_LOOK_AGAIN_S: Final = 0.1
_OPEN_LIMIT_S: Final = 5.0
_CLOSE_LIMIT_S: Final = 0.5  # a frozen sound server would hold up the end of a call; the thread closes when it can


class SoundSystem:
    """An AudioSystem over PortAudio."""

    def __init__(self) -> None:
        self._in_use: list[SoundDevice] = []

    async def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Inputs and outputs as they are now, also while a device is open; raises Unavailable(NO_DEVICE)."""
        inputs, outputs = (await look()).names if can_look() else await asyncio.to_thread(list_names)
        used = [device.in_use for device in self._in_use]  # a bare device in use hides from other processes
        return (
            tuple(dict.fromkeys([*inputs, *(name for name, _ in used if name)])),
            tuple(dict.fromkeys([*outputs, *(name for _, name in used if name)])),
        )

    @asynccontextmanager
    async def open(self, input_name: str = "", output_name: str = "") -> AsyncIterator["SoundDevice"]:
        """A device of which one side may be missing; raises Unavailable(NO_DEVICE) where both are, or after 5 s."""
        device, wanted = SoundDevice(), (input_name, output_name)
        thread = DeviceThread(device.capture, device.playback, await _tried(wanted) if can_look() else wanted)
        thread.start()
        try:
            try:
                async with asyncio.timeout(_OPEN_LIMIT_S):
                    await thread.opened
            except TimeoutError as error:
                raise Unavailable(ErrorCode.NO_DEVICE, opened=False) from error
            self._in_use.append(device)
            watching = asyncio.ensure_future(until_better(wanted, device.in_use))
            watching.add_done_callback(device.found_better)
            try:
                yield device
            finally:
                self._in_use.remove(device)
                watching.cancel()
                await asyncio.wait([watching])
        finally:
            thread.close()
            await asyncio.wait([thread.closed], timeout=_CLOSE_LIMIT_S)


async def _tried(wanted: tuple[str, str]) -> tuple[str | None, str | None]:
    """What another process could open just now; raises Unavailable(NO_DEVICE) where it could open nothing."""
    capture, playback = (await look(dict(zip(SIDES, wanted, strict=True)))).opens
    if not capture and not playback:
        raise Unavailable(ErrorCode.NO_DEVICE, input=wanted[0], output=wanted[1])
    return capture or None, playback or None


class SoundDevice:
    """Made by `SoundSystem.open`; PortAudio's threads touch only the two sides."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stirred = asyncio.Event()
        self._better = ""
        self.capture, self.playback = CaptureSide(self._stir), PlaybackSide(self._stir)

    @property
    def in_use(self) -> tuple[str | None, str | None]:
        """Stable names of the microphone and the speaker; None for a missing one."""
        return self.capture.device, self.playback.device

    def read(self, count: int) -> Samples | None:
        """Silence, as time passes, where there is no microphone."""
        return self.capture.read(count)

    def wanted(self) -> int:
        return self.playback.wanted()

    def write(self, samples: Samples) -> None:
        self.playback.write(samples)

    async def ready(self) -> None:
        """Returns after the next callback.

        Raises Unavailable(NO_DEVICE) where a stream ended or fell silent, and where opening again would be better:
        a missing side is back, or the system's choice is another device now.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_AGAIN_S):
                await self._stirred.wait()
        self._stirred.clear()
        if trouble := self.capture.trouble or self.playback.trouble or self._better:
            raise Unavailable(ErrorCode.NO_DEVICE, trouble=trouble)

    def delay_ms(self) -> tuple[float | None, float | None]:
        return self.capture.delay_ms, self.playback.delay_ms

    def stats(self) -> SoundStats:
        return SoundStats(
            capture_overflows=self.capture.overflows,
            playback_underruns=self.playback.underruns,
            device_xruns=self.capture.xruns + self.playback.xruns,
        )

    def found_better(self, watching: "asyncio.Future[str]") -> None:
        """The watch came to an end."""
        if not watching.cancelled():
            self._better = watching.result()
            self._stirred.set()

    def _stir(self) -> None:
        with suppress(RuntimeError):  # the loop ended before the device was closed
            self._loop.call_soon_threadsafe(self._stirred.set)
