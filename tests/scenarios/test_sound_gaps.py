"""What busy machines and clocks that differ do to the sound of a call."""

import asyncio
from collections.abc import Callable

import pytest

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


@pytest.mark.parametrize("ppm", [-1500, 1500])
def test_a_speaker_whose_clock_is_another_leaves_no_gaps_and_no_growing_delay(scene: Scene, ppm: int) -> None:
    """Five times worse than the worst, so that a minute shows it."""

    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage, speaker_ppm=ppm) as (alice, bob):
            await talking(alice, bob)
            await asyncio.sleep(10)
            before, most_ms = bob.engine.calls.report().received, 0.0
            for _ in range(60):
                await asyncio.sleep(1)
                most_ms = max(most_ms, bob.engine.calls.report().received.jitter_delay_ms)
            got = bob.engine.calls.report().received
            assert got.plc_frames - before.plc_frames <= 6
            assert most_ms < 45

    scene(script)
