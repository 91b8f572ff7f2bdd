"""Links that lose half of what they carry, are away for a while or hold everything up: a call comes about and lasts."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.sim.network import Internet, Line
from tests.sim.script import ALICE_IP, BOB_IP, now, talking, two_phones
from tests.sim.sound import loudness
from tests.sim.world import RELAY_IP, RELAY_PORT, Phone, Stage
from wzp_core.engine.commands import ChangeSettings
from wzp_core.session.state import CallStage, SasStage
from wzp_core.settings.schema import RelayEntry, RelaySettings, Settings

Scene = Callable[..., None]

_CLEAN = Line(delay_s=0.02)
NOWHERE = "203.0.113.77"
_HALF = Line(delay_s=0.02, loss=0.5)


def lay(stage: Stage, ip: str, line: Line) -> None:
    """Between this phone and the relay, both ways."""
    stage.internet.lines[ip, RELAY_IP] = stage.internet.lines[RELAY_IP, ip] = line


async def until_heard(phone: Phone, since: float, limit_s: float) -> float:
    """Seconds until something loud is played."""
    while now() - since < limit_s:
        if any(at >= since and loudness(frame) > 1000 for at, frame in phone.sound.heard[-50:]):
            return now() - since
        await asyncio.sleep(0.05)
    raise AssertionError(f"nothing heard in {limit_s} s")


@pytest.mark.parametrize("seed", range(1, 5))
def test_a_call_comes_about_where_both_lose_half_of_all_packets(scene: Scene, seed: int) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            lay(stage, ALICE_IP, _HALF)
            lay(stage, BOB_IP, _HALF)
            began = now()
            await talking(alice, bob)
            assert now() - began < 13
            for phone in (alice, bob):
                await phone.until(lambda s: s.call.sas.stage is SasStage.READY, 10)

    scene(script, Internet(seed=seed, line=_CLEAN))


@pytest.mark.parametrize("outage_s", [5.0, 12.0, 18.0])
def test_sound_is_back_with_the_way_without_a_new_link(scene: Scene, outage_s: float) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            await alice.until(lambda s: s.call.media.tier == "studio-32k", 30)
            stage.internet.down.add(ALICE_IP)
            await alice.until(lambda s: s.call.stage is CallStage.RECONNECTING, 3)
            await bob.until(lambda s: s.call.media.no_audio is not None, 3)
            await asyncio.sleep(outage_s - 3)
            stage.internet.down.discard(ALICE_IP)
            back = now()
            for phone in (alice, bob):
                assert await until_heard(phone, back, 5) < 0.8
                await phone.in_stage(CallStage.ACTIVE, 2)
                assert phone.engine.calls.report().reconnects == 0
            assert alice.state.call.media.tier == "studio-32k"  # an outage says nothing of what the way carries

    scene(script, Internet(line=_CLEAN))


def test_a_way_that_ends_for_long_is_given_up_and_found_again_soon_after(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            stage.internet.down.add(ALICE_IP)
            await asyncio.sleep(27)
            stage.internet.down.discard(ALICE_IP)
            back = now()
            for phone in (alice, bob):
                assert await until_heard(phone, back, 10) < 3

    scene(script, Internet(line=_CLEAN))


def test_a_queue_of_somebody_else_makes_a_call_late_but_not_bad(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            await asyncio.sleep(5)
            for step in range(10):  # a buffer that fills up
                stage.internet.lines[ALICE_IP, RELAY_IP] = replace(_CLEAN, delay_s=0.02 + 0.15 * step)
                await asyncio.sleep(0.5)
            await asyncio.sleep(45)
            assert alice.state.call.media.tier in ("degraded", "good")  # and not the lifeboat
            assert loudness(bob.sound.heard_since(now() - 1)) > 2500

    scene(script, Internet(line=_CLEAN))


def test_who_chooses_another_relay_does_not_wait_for_a_dead_one(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        dead = f"{NOWHERE}:{RELAY_PORT}"
        settings = Settings(relay=RelaySettings(relays=(RelayEntry(name="dead", address=dead),), selected=dead))
        async with stage.relay(), stage.phone("alice", ALICE_IP, settings=settings, relay="") as alice:
            await asyncio.sleep(1)
            alive = f"{RELAY_IP}:{RELAY_PORT}"
            began = now()
            alice.does(
                ChangeSettings(
                    replace(
                        settings, relay=RelaySettings(relays=(RelayEntry(name="alive", address=alive),), selected=alive)
                    )
                )
            )
            await alice.online()
            assert now() - began < 1

    scene(script)
