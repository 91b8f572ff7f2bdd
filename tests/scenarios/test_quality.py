"""What is sent follows the user's choice, the peer's ability and the path."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.sim.network import Internet, Line
from tests.sim.script import now, talking, two_phones
from tests.sim.sound import loudness
from tests.sim.world import Phone, Stage
from wzp_core.engine.commands import ChangeSettings
from wzp_core.settings.schema import QUALITIES

Scene = Callable[..., None]
CODEC = {
    "studio-64k": "Opus64k",
    "studio-48k": "Opus48k",
    "studio-32k": "Opus32k",
    "auto": "Opus24k",
    "good": "Opus24k",
    "degraded": "Opus6k",
    "codec2-3200": "Codec2_3200",
    "codec2-1200": "Codec2_1200",
    "lifeboat": "Codec2_1200",
}


def choose(phone: Phone, quality: str) -> None:
    settings = phone.state.settings
    phone.does(ChangeSettings(replace(settings, call=replace(settings.call, quality=quality))))


def test_every_stop_of_the_slider_is_heard_in_one_call(scene: Scene) -> None:
    assert set(CODEC) == set(QUALITIES)

    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            for quality in QUALITIES:
                choose(alice, quality)
                await bob.until(lambda s, codec=CODEC[quality]: s.call.media.quality_rx == codec)  # type: ignore[misc]
                await asyncio.sleep(1.5)
                floor = 3000 if CODEC[quality].startswith("Opus") else 100  # Codec2 is for speech, not for tones
                assert loudness(bob.sound.heard_since(now() - 1)) > floor, quality
            report = bob.engine.calls.report()
            assert report.received.rejected == 0
            assert report.received.no_decoder == 0

    scene(script)


@pytest.mark.parametrize("loss", [0.0, 0.2])
def test_redundancy_follows_the_loss_of_the_path(scene: Scene, loss: float) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            tuned = []
            for _ in range(40):
                await asyncio.sleep(0.5)
                tuned.append(alice.engine.calls._session._media.care._tuner.protection)
            protection = max(tuned)  # half a second's loss may be none
            got = bob.engine.calls.report().received
            if loss:
                assert protection[0] > 20
                assert protection[1] > 3
                assert got.dred_frames + got.fec_frames > got.plc_frames
            else:
                assert protection == (20, 0)
                assert got.concealed_ms < 200

    scene(script, Internet(line=Line(delay_s=0.02, loss=loss / 2)))
