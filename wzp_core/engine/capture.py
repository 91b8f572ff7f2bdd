"""The microphone's processing, on a thread of its own: strong suppression takes more than a millisecond a frame."""

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from enum import Enum

import numpy as np

from wzp_core.dsp.capture import CaptureChain, CaptureSettings, Recorder
from wzp_core.dsp.denoise import NoiseSuppression
from wzp_core.dsp.frame import RATE_HZ, silence
from wzp_core.engine.knobs import Knobs
from wzp_core.ports import Samples
from wzp_core.settings.schema import AudioSettings

_LONGEST_REFERENCE = RATE_HZ // 2  # what was played while nothing was captured


class Processing(Enum):
    """How much of it a world wants."""

    FULL = "full"
    VOICE_ONLY = "voice_only"  # files stay as they are; whether somebody speaks is still found out
    NONE = "none"


class Capture:
    """One conversation's microphone; `close` ends its thread."""

    def __init__(self, knobs: Knobs, processing: Processing) -> None:
        self._knobs, self._processing = knobs, processing
        self.recorder: Recorder | None = None
        """Gets every frame in step, on the worker's thread."""
        self._worker = ThreadPoolExecutor(1, "capture") if processing is not Processing.NONE else None
        self._chain: CaptureChain | None = None
        self._settings = _wanted(knobs.audio, processing)
        self._played: deque[Samples] = deque()
        self._played_samples = 0

    def played(self, samples: Samples) -> None:
        """What was just handed to the speaker: the echo to come."""
        if self._worker is None:
            return
        self._played.append(samples)
        self._played_samples += samples.size
        while self._played_samples > _LONGEST_REFERENCE:
            self._played_samples -= self._played.popleft().size

    async def process(self, frame: Samples) -> tuple[Samples, bool]:
        """The frame, cleaned, and whether somebody speaks in it."""
        if self._worker is None:
            return frame, True
        reference = [*self._played]
        self._played.clear()
        self._played_samples = 0
        loop = asyncio.get_running_loop()
        wanted = _wanted(self._knobs.audio, self._processing)
        return await loop.run_in_executor(self._worker, self._work, frame, reference, wanted)

    def close(self) -> None:
        if self._worker is not None:
            self._worker.shutdown(wait=False, cancel_futures=True)

    def _work(self, frame: Samples, reference: list[Samples], wanted: CaptureSettings) -> tuple[Samples, bool]:
        if self._chain is None:
            self._chain = CaptureChain(wanted)
        elif wanted != self._settings:
            self._chain.use(wanted)
        self._settings, self._chain.recorder = wanted, self.recorder
        played = np.concatenate(reference) if reference else None
        return self._chain.process(frame, played), self._chain.voice


def warm_up(audio: AudioSettings, processing: Processing) -> None:
    """Loads the libraries of the first call and lets them run once, in whatever thread has the time for it."""
    if processing is not Processing.NONE:
        CaptureChain(_wanted(audio, processing)).process(silence())


_NOTHING = CaptureSettings(
    high_pass=False, echo_cancellation=False, noise_suppression=NoiseSuppression.OFF, automatic_gain=False
)


def _wanted(audio: AudioSettings, processing: Processing) -> CaptureSettings:
    """The high-pass of echo cancellation is enough where that runs; a second one costs clear speech."""
    if processing is not Processing.FULL:
        return _NOTHING
    return CaptureSettings(
        high_pass=not audio.echo_cancellation,
        echo_cancellation=audio.echo_cancellation,
        noise_suppression=NoiseSuppression(audio.noise_suppression),
        automatic_gain=audio.automatic_gain,
    )
