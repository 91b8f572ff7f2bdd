"""What a busy machine did to the sound of a call is counted, over every device the call had."""

import asyncio
from collections.abc import Callable

from tests.sim.script import talking, two_phones
from tests.sim.world import Stage
from wzp_core.ports import SoundStats

Scene = Callable[..., None]


def test_gaps_are_counted_over_every_device_of_a_call(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            bob.sound.underruns = 3
            bob.sound.broken = True
            await asyncio.sleep(1)
            assert bob.engine.calls.report().sound == SoundStats(playback_underruns=3)
            bob.sound.underruns = 2
            bob.sound.broken = False
            await asyncio.sleep(1)
            assert bob.engine.calls.report().sound == SoundStats(playback_underruns=5)
            assert alice.engine.calls.report().sound == SoundStats()

    scene(script)
