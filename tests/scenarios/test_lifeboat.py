"""A voice in both directions over a link that has room for nothing else."""

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from tests.audio.speech import needs_speech, speech, understood
from tests.sim.network import Internet, Line
from tests.sim.script import ALICE_IP, BOB_IP, now, talking
from tests.sim.sound import SimSound
from tests.sim.world import RELAY_IP, Phone, Stage
from wzp_core.session.state import RelayPhase
from wzp_core.settings.schema import CallSettings, NetworkSettings, Settings

pytestmark = needs_speech
Scene = Callable[..., None]
TRICKLE = Line(delay_s=0.03, loss=0.2, rate_bit_s=8_000)
WAYS = ((ALICE_IP, RELAY_IP), (RELAY_IP, ALICE_IP))
TURNS = 3  # of the recording


async def scores(stage: Stage, alice: Phone, bob: Phone) -> tuple[list[float], list[float]]:
    """How well Bob and Alice understand each other from now on, for three turns of seven seconds."""
    stage.internet.longest_wait_s.clear()
    began, states = now(), (len(alice.states), len(bob.states))
    length_s = len(alice.sound.microphone) / alice.sound.rates[0]
    await asyncio.sleep(TURNS * length_s + 2.0)
    assert all(phone.engine.calls._session._media.keeper.reconnects == 0 for phone in (alice, bob))
    for phone, seen in zip((alice, bob), states, strict=True):
        assert all(state.relay.phase is RelayPhase.ONLINE for state in phone.states[seen:])
        assert phone.state.call is not None
        assert phone.state.call.media.tier == "lifeboat"
    assert max(stage.internet.longest_wait_s.values()) < 1.0

    def heard(listener: Phone, talker: Phone) -> list[float]:
        starts = [began + turn * length_s for turn in range(TURNS)]
        samples = round((length_s + 2.0) * 48_000)
        return [understood(talker.sound.said_since(at), listener.sound.heard_since(at)[:samples]) for at in starts]

    return heard(bob, alice), heard(alice, bob)


@pytest.mark.parametrize("quality", ["lifeboat", "auto"])
def test_both_hear_each_other_over_eight_kilobits_and_twenty_percent_loss(scene: Scene, quality: str) -> None:
    """The user has chosen it, or automatic quality finds its way there out of the flood that it made."""
    heard: tuple[list[float], list[float]] = ([], [])

    async def script(stage: Stage) -> None:
        settings = Settings(call=CallSettings(quality=quality), network=NetworkSettings(path="relay"))
        async with (
            stage.relay(),
            stage.phone("alice", ALICE_IP, settings=settings, sound=SimSound(np.concatenate(speech()))) as alice,
            stage.phone("bob", BOB_IP, settings=settings, sound=SimSound(np.concatenate(speech()))) as bob,
        ):
            await alice.sees(bob)
            await bob.sees(alice)
            await talking(alice, bob)
            if quality == "auto":
                await alice.until(lambda s: s.call.media.tier == "studio-32k", 30)
            stage.internet.lines |= dict.fromkeys(WAYS, TRICKLE)
            for phone in (alice, bob):
                await phone.until(lambda s: s.call.media.tier == "lifeboat", 15)
            await asyncio.sleep(15.0)  # until what queues has gone, and jitter buffers are short again
            for scored, all_scored in zip(await scores(stage, alice, bob), heard, strict=True):
                all_scored += scored

    for seed in (1, 2, 3):
        scene(script, Internet(seed=seed))
    for scored in heard:
        assert np.mean(scored) >= 0.7, heard
