"""Devices that come and go while somebody speaks: the engine's pump on real PortAudio, its packets sent back to it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager

import pytest

from tests.audio.sound_server import SoundServer, needs_sound_server, sound_server
from wzp_core.engine.capture import Capture, Processing
from wzp_core.engine.knobs import Knobs
from wzp_core.engine.media import MediaPump
from wzp_core.engine.scope import task_scope
from wzp_core.io.sound import SoundSystem
from wzp_core.io.sound_watch import look
from wzp_core.media.downlink import Downlink
from wzp_core.media.uplink import Uplink
from wzp_core.protocol.media.header import decode_packet, encode_packet
from wzp_core.session.state import Levels
from wzp_core.settings.schema import AudioSettings

pytestmark = needs_sound_server


class MirrorLink:
    """The `ports.Link` of somebody who repeats everything."""

    def __init__(self) -> None:
        self.sent = asyncio.Semaphore(0)
        self._handler: Callable[[bytes], None] = lambda _datagram: None

    def on_media(self, handler: Callable[[bytes], None]) -> None:
        self._handler = handler

    def send_media(self, datagram: bytes) -> bool:
        self.sent.release()
        self._handler(datagram)
        return True


class Conversation:
    """A pump that runs, and what it says."""

    def __init__(self, audio: AudioSettings) -> None:
        self.link = MirrorLink()
        self.levels = Levels()
        self._changed = asyncio.Event()
        knobs = Knobs(audio)
        self.pump = MediaPump(
            uplink=Uplink(stream_id=1, seal=lambda packet, _now: encode_packet(packet)),
            downlink=Downlink(lambda datagram, _now: decode_packet(datagram)),
            knobs=knobs,
            capture=Capture(knobs, Processing.NONE),
            on_levels=self._on_levels,
            on_opened=lambda: None,
        )
        self.pump.paths.use_relay(self.link)

    def _on_levels(self, levels: Levels) -> None:
        self.levels = levels
        self._changed.set()

    async def until(self, holds: Callable[[Levels], bool], limit_s: float = 4.0) -> None:
        async with asyncio.timeout(limit_s):
            while not holds(self.levels):
                self._changed.clear()
                await self._changed.wait()

    async def sends(self, packets: int) -> None:
        """From now on, within 1 s."""
        self.link.sent = asyncio.Semaphore(0)
        async with asyncio.timeout(1.0):
            for _ in range(packets):
                await self.link.sent.acquire()


@asynccontextmanager
async def conversation(microphone: str = "", speaker: str = "") -> AsyncIterator[Conversation]:
    talk = Conversation(AudioSettings(input_device=microphone, output_device=speaker))
    async with task_scope() as tasks:
        tasks.create_task(talk.pump.run(SoundSystem()), name="sound")
        yield talk


def sound_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "sound device"]


async def everything_ended(server: SoundServer) -> None:
    for thread in sound_threads():
        await asyncio.to_thread(thread.join, 3.0)
    assert sound_threads() == []
    assert await server.streams() == (0, 0)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundServer]:
    with sound_server(monkeypatch) as running:
        yield running


@pytest.fixture
def moving_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundServer]:
    with sound_server(monkeypatch, moves_streams=True) as running:
        yield running


async def test_a_headset_pulled_out_and_back_in_is_heard_within_a_second(server: SoundServer) -> None:
    await server.plug("M", tone=True)
    await server.plug("S")
    async with conversation("headmic", "headset") as talk:
        await server.hears_tone("S", 4.0)
        for _ in range(2):
            await server.unplug("M")
            await server.unplug("S")
            await talk.until(lambda levels: levels.no_speaker and levels.no_microphone)
            await talk.sends(15)
            await server.plug("M", tone=True)
            await server.plug("S")
            await server.hears_tone("S", 1.0)
        assert len(sound_threads()) == 1
        assert await server.streams() == (1, 1)
    await everything_ended(server)


async def test_without_a_choice_speech_follows_the_system_to_another_speaker(moving_server: SoundServer) -> None:
    await moving_server.plug("M", tone=True)
    await moving_server.plug("S")
    await moving_server.plug("T")
    await moving_server.choose(source="M.monitor", sink="S")
    async with conversation():
        await moving_server.hears_tone("S", 4.0)
        await moving_server.choose(source="M.monitor", sink="T")
        await moving_server.hears_tone("T", 1.0)
        await moving_server.unplug("T")
        await moving_server.hears_tone("S", 1.0)
    with pytest.raises(TimeoutError):
        await moving_server.hears_tone("S", 0.3)


async def test_without_a_microphone_one_still_listens_until_it_is_plugged_in(server: SoundServer) -> None:
    await server.plug("S")
    async with conversation("headmic", "headset") as talk:
        await talk.until(lambda levels: levels.no_microphone and not levels.no_speaker)
        assert await server.streams() == (0, 1)
        await talk.sends(15)
        await server.plug("M", tone=True)
        await server.hears_tone("S", 2.0)
        assert not talk.levels.no_microphone


async def test_without_a_speaker_one_still_speaks(server: SoundServer) -> None:
    await server.plug("M", tone=True)
    async with conversation("headmic", "headset") as talk:
        await talk.until(lambda levels: levels.no_speaker and not levels.no_microphone)
        await talk.until(lambda levels: levels.microphone > 0.3)
        await talk.sends(15)
        assert 0 < talk.pump.downlink.stats().jitter_delay_ms < 500  # what comes is taken, though nobody hears it


async def test_a_sound_server_that_stands_still_for_two_seconds_is_heard_again(server: SoundServer) -> None:
    await server.plug("M", tone=True)
    await server.plug("S")
    async with conversation("headmic", "headset") as talk:
        await server.hears_tone("S", 4.0)
        await talk.sends(40)
        await asyncio.sleep(2.5)  # a device that was just opened is given 3 s to start
        with server.frozen():
            await talk.until(lambda levels: levels.no_speaker, 1.5)
            await talk.sends(20)
        await server.hears_tone("S", 4.0)
        assert await server.streams() == (1, 1)


async def test_hanging_up_while_the_sound_server_stands_still_takes_no_second(server: SoundServer) -> None:
    await server.plug("M", tone=True)
    await server.plug("S")
    loop = asyncio.get_running_loop()
    with ExitStack() as frozen:
        async with conversation("headmic", "headset") as talk:
            await talk.until(lambda levels: levels.microphone > 0.3)
            frozen.enter_context(server.frozen())
            looking = asyncio.ensure_future(look())
            await asyncio.wait([looking], timeout=0.3)
            started = loop.time()
            looking.cancel()
            await asyncio.wait([looking])
        assert loop.time() - started < 1.0
    await everything_ended(server)
