"""Pumps sound between the devices and whatever links carry the media just now."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import asdict

import numpy as np

from wzp_core.dsp.frame import FRAME_SAMPLES, RATE_HZ
from wzp_core.dsp.gain import amplified
from wzp_core.dsp.meter import meter
from wzp_core.engine.capture import Capture
from wzp_core.engine.knobs import Knobs
from wzp_core.engine.paths import Paths
from wzp_core.engine.scope import task_scope
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.logs import event, logger
from wzp_core.media.clock import PlayoutClock
from wzp_core.media.downlink import Downlink
from wzp_core.media.uplink import Uplink
from wzp_core.ports import AudioDevice, AudioSystem, Link, Samples, SoundStats
from wzp_core.protocol.media.report import QualityReport
from wzp_core.session.state import Levels

METER_INTERVAL_S = 0.1
_RETRY_S = 0.4  # between two tries to open; looking for devices anew costs 0.1 s
_FRAME_S = FRAME_SAMPLES / RATE_HZ
_MOST_BACKLOG, _KEPT_BACKLOG = 10, 2  # frames

log = logger("media")


class MediaPump:
    """One conversation's sound. Links may be replaced at any time without a gap in either pipeline."""

    def __init__(
        self,
        *,
        uplink: Uplink,
        downlink: Downlink,
        knobs: Knobs,
        capture: Capture,
        on_levels: Callable[[Levels], None],
        on_opened: Callable[[], None],
    ) -> None:
        self.uplink = uplink
        self.downlink = downlink
        self.paths = Paths(self._received)
        self.on_report: Callable[[QualityReport], None] = lambda _report: None
        self.device_failed = False
        self.delays_ms = (0.0, 0.0)
        self._device: AudioDevice | None = None
        self._sound_before = SoundStats()  # of devices closed since
        self._missing = (True, True)  # microphone, speaker
        self._without_device = asyncio.Event()
        self._without_device.set()
        self._knobs, self.capture = knobs, capture
        self._on_levels, self._on_opened = on_levels, on_opened
        self._levels_at = 0.0
        self._playout = PlayoutClock()

    @property
    def link(self) -> Link | None:
        """What media is sent on just now."""
        return self.paths.current

    def sound(self) -> SoundStats:
        """Of all devices of this conversation."""
        return self._sound_before + (self._device.stats() if self._device is not None else SoundStats())

    def _received(self, datagram: bytes) -> None:
        packet = self.downlink.receive(datagram, asyncio.get_running_loop().time())
        if packet is None:
            return
        if packet.report is not None:
            self.on_report(packet.report)
        self._on_opened()

    async def run(self, audio: AudioSystem) -> None:
        """Until cancelled, once; opens the devices again where they fail or the choice changes."""
        try:
            async with task_scope() as tasks:
                tasks.create_task(self._fill_in(), name="silence")
                while True:
                    await self._with_device(audio)
        finally:
            self.paths.close()
            self.capture.close()
            self.uplink.close()
            self.downlink.close()

    async def _with_device(self, audio: AudioSystem) -> None:
        """One that worked for a while and failed is opened again at once."""
        loop = asyncio.get_running_loop()
        chosen = (self._knobs.audio.input_device, self._knobs.audio.output_device)
        tried_at = loop.time()
        try:
            async with audio.open(*chosen) as device:
                self.device_failed, self._device = False, device
                self._without_device.clear()
                try:
                    await self._pump(device, chosen)
                finally:
                    self._without_device.set()
                    self._device_closes(device.stats())
        except Unavailable as error:
            if not self.device_failed:
                event(log, "media:device_failed", level=logging.WARNING, error=error)
            self.device_failed = True
            self._on_levels(Levels(no_microphone=True, no_speaker=True))
            await asyncio.sleep(tried_at + _RETRY_S - loop.time())

    def _device_closes(self, stats: SoundStats) -> None:
        self._device, self._sound_before = None, self._sound_before + stats
        if stats != SoundStats():
            event(log, "media:sound_gaps", **asdict(stats))

    async def _pump(self, device: AudioDevice, chosen: tuple[str, str]) -> None:
        loop = asyncio.get_running_loop()
        while (self._knobs.audio.input_device, self._knobs.audio.output_device) == chosen:
            await device.ready()
            now = loop.time()
            for captured in _fresh(device):
                frame, voice = await self.capture.process(amplified(captured, self._knobs.audio.input_volume))
                self._send(frame, now, voice)
            speaker = 0.0
            while device.wanted() >= FRAME_SAMPLES:
                played = self._next_frame(now)
                speaker = meter(played)
                device.write(played)
                self.capture.played(played)
            capture_ms, playback_ms = device.delay_ms()
            self.delays_ms = (capture_ms or 0.0, playback_ms or 0.0)
            self._missing = (capture_ms is None, playback_ms is None)
            self._show_levels(now, speaker)

    def _next_frame(self, now: float) -> Samples:
        self.downlink.levelled = self._knobs.audio.level_heard
        frame = self.downlink.pull(self._playout.next_frame(now), self._knobs.audio.output_volume)
        return np.zeros_like(frame) if self._knobs.speaker_muted else frame

    def _send(self, frame: Samples, now: float, voice: bool = False) -> None:
        self.uplink.muted = not self._knobs.sends_voice
        for datagram in self.uplink.push(frame, now, voice):
            self.paths.send(datagram, now)

    async def _fill_in(self) -> None:
        """Keeps the call alive in silence while no device is open, so that the other side hears no path loss."""
        loop = asyncio.get_running_loop()
        silence = np.zeros(FRAME_SAMPLES, np.int16)
        due = loop.time()
        while True:
            await self._without_device.wait()
            due = max(due, loop.time() - _FRAME_S) + _FRAME_S
            await asyncio.sleep(due - loop.time())
            if self._without_device.is_set():
                self._send(silence, loop.time())
                self.downlink.pull(loop.time())

    def _show_levels(self, now: float, speaker: float) -> None:
        if now - self._levels_at >= METER_INTERVAL_S:
            self._levels_at = now
            microphone = self.uplink.level if self._knobs.sends_voice else 0.0
            no_microphone, no_speaker = self._missing
            self._on_levels(
                Levels(
                    microphone=round(microphone, 2),
                    speaker=round(speaker, 2),
                    no_microphone=no_microphone,
                    no_speaker=no_speaker,
                )
            )


def _fresh(device: AudioDevice) -> list[Samples]:
    """What was captured since the last look. After a stall the old part is dropped: it would only add delay."""
    frames = []
    while (captured := device.read(FRAME_SAMPLES)) is not None:
        frames.append(captured)
    if len(frames) > _MOST_BACKLOG:
        event(log, "media:capture_stalled", level=logging.WARNING, dropped_ms=20 * (len(frames) - _KEPT_BACKLOG))
        return frames[-_KEPT_BACKLOG:]
    return frames


async def echo_microphone(audio: AudioSystem, knobs: Knobs, on_levels: Callable[[Levels], None]) -> None:
    """The microphone test: plays what is captured until cancelled. Raises Unavailable(NO_DEVICE)."""
    loop = asyncio.get_running_loop()
    shown_at = 0.0
    async with audio.open(knobs.audio.input_device, knobs.audio.output_device) as device:
        if device.delay_ms()[0] is None:
            raise Unavailable(ErrorCode.NO_DEVICE, input=knobs.audio.input_device)
        while True:
            await device.ready()
            while (frame := device.read(FRAME_SAMPLES)) is not None:
                heard = amplified(frame, knobs.audio.input_volume)
                if device.wanted() > 0:
                    device.write(amplified(heard, knobs.audio.output_volume))
                if loop.time() - shown_at >= METER_INTERVAL_S:
                    shown_at = loop.time()
                    on_levels(Levels(microphone=meter(heard), speaker=meter(heard)))
