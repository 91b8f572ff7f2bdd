"""One browser's place in a room: its sound in, everybody's sound out, as 20 ms of 48 kHz mono s16le a message."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import numpy as np

from wzp_core.dsp.frame import FRAME_SAMPLES
from wzp_core.engine.capture import Capture, Processing
from wzp_core.engine.knobs import Knobs
from wzp_core.engine.media import MediaPump
from wzp_core.engine.media_care import MediaCare, care_for
from wzp_core.engine.media_room import Joined
from wzp_core.engine.scope import task_scope
from wzp_core.io.wav import FedDevice
from wzp_core.media.downlink import Downlink
from wzp_core.media.uplink import Uplink
from wzp_core.ports import Samples
from wzp_core.protocol.media.header import decode_packet, encode_packet
from wzp_core.settings.schema import AudioSettings

FRAME_BYTES: Final = 2 * FRAME_SAMPLES


class _Browser(FedDevice):
    def __init__(self, play: Callable[[bytes], None]) -> None:
        super().__init__()
        self._play = play

    def write(self, samples: Samples) -> None:
        super().write(samples)
        self._play(samples.astype("<i2").tobytes())


class _BrowserSound:
    """An AudioSystem of that one device."""

    def __init__(self, device: _Browser) -> None:
        self._device = device

    async def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return (), ()

    @asynccontextmanager
    async def open(self, input_name: str, output_name: str) -> AsyncIterator[FedDevice]:  # noqa: ARG002
        yield self._device


@asynccontextmanager
async def seated(joined: Joined, play: Callable[[bytes], None]) -> AsyncIterator[Callable[[bytes], bool]]:
    """What takes the browser's messages, and says whether one was sound; `play` gets 20 ms of the others' at a time."""
    device = _Browser(play)
    knobs = Knobs(AudioSettings())
    pump = MediaPump(
        uplink=Uplink(stream_id=joined.stream_id, seal=lambda packet, _now: encode_packet(packet)),
        downlink=Downlink(lambda datagram, _now: decode_packet(datagram), withheld=True),
        knobs=knobs,
        capture=Capture(knobs, Processing.VOICE_ONLY),
        on_levels=lambda _levels: None,
        on_opened=lambda: None,
    )
    pump.paths.use_relay(joined.link, trunked=joined.trunked)

    def said(message: bytes) -> bool:
        if len(message) != FRAME_BYTES:
            return False
        device.feed(np.frombuffer(message, "<i2").astype(np.int16))
        return True

    async with task_scope() as tasks:
        tasks.create_task(pump.run(_BrowserSound(device)), name="browser sound")
        tasks.create_task(care_for(MediaCare(pump)), name="care")
        yield said
