"""What the user may turn while media runs."""

import asyncio

from tests.sim.loop import run_simulated
from wzp_core.engine.knobs import Knobs
from wzp_core.settings.schema import AudioSettings


def test_the_button_mutes_whatever_the_key_does() -> None:
    knobs = Knobs(AudioSettings())
    assert knobs.sends_voice
    knobs.microphone_muted = True
    assert not knobs.sends_voice


def test_a_held_key_sends_and_its_release_waits_for_the_last_syllable() -> None:
    async def script() -> None:
        knobs = Knobs(AudioSettings(push_to_talk=True, release_delay_ms=250))
        heard: list[bool] = []
        on_change = lambda: heard.append(knobs.sends_voice)  # noqa: E731
        assert not knobs.sends_voice
        knobs.hold_to_talk(True, on_change=on_change)
        knobs.hold_to_talk(False, on_change=on_change)
        await asyncio.sleep(0.2)
        assert knobs.sends_voice
        knobs.hold_to_talk(True, on_change=on_change)  # pressed again in time: no gap
        await asyncio.sleep(0.3)
        assert knobs.sends_voice
        knobs.hold_to_talk(False, on_change=on_change)
        await asyncio.sleep(0.26)
        assert not knobs.sends_voice
        assert heard == [True, True, False]

    run_simulated(script)
