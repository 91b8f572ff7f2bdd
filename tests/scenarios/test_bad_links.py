"""Links that lose half of what they carry, are away for a while or hold everything up: a call comes about and lasts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest

from relay.decide.effects import ConnectionId
from tests.audio.speech import speech
from tests.sim.network import Internet, Line
from tests.sim.script import ALICE_IP, BOB_IP, now, talking, two_phones
from tests.sim.sound import SimSound, loudness
from tests.sim.world import RELAY_IP, RELAY_PORT, Phone, Stage
from wzp_core.crypto.identity import Identity
from wzp_core.engine.commands import ChangeSettings
from wzp_core.quality.tier import Tier
from wzp_core.session.state import CallStage, SasStage
from wzp_core.settings.schema import NetworkSettings, RelayEntry, RelaySettings, Settings

Scene = Callable[..., None]

_CLEAN = Line(delay_s=0.02)
NOWHERE = "203.0.113.77"
_HALF = Line(delay_s=0.02, loss=0.5)


def lay(stage: Stage, ip: str, line: Line) -> None:
    """Between this phone and the relay, both ways."""
    stage.internet.lines[ip, RELAY_IP] = stage.internet.lines[RELAY_IP, ip] = line


@asynccontextmanager
async def speakers(stage: Stage) -> AsyncIterator[tuple[Phone, Phone]]:
    """Two phones with speech to send, which narrow codecs and noise suppression leave alone."""
    network = NetworkSettings(path="relay")
    async with (
        stage.phone("alice", ALICE_IP, sound=SimSound(np.concatenate(speech())), network=network) as alice,
        stage.phone("bob", BOB_IP, sound=SimSound(np.concatenate(speech())), network=network) as bob,
    ):
        await alice.sees(bob)
        await bob.sees(alice)
        yield alice, bob


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


@pytest.mark.parametrize("loss", [0.0, 0.1, 0.2])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_call_comes_about_on_eight_kilobits_which_lose_some(scene: Scene, seed: int, loss: float) -> None:
    async def script(stage: Stage) -> None:
        lay(stage, ALICE_IP, Line(delay_s=0.05, rate_bit_s=8000, queue_s=1, loss=loss))
        async with stage.relay(), speakers(stage) as (alice, bob):
            await talking(alice, bob)
            began = now()
            for phone in (alice, bob):
                await until_heard(phone, began, 5)
                await phone.until(lambda s: s.call.sas.stage is SasStage.READY, 10)
                assert phone.state.call.media.tier == "lifeboat"

    scene(script, Internet(seed=seed, line=_CLEAN))


@pytest.mark.parametrize("caller", ["alice", "bob"])
def test_a_call_on_a_narrow_line_does_not_wait_for_a_long_list_of_people(scene: Scene, caller: str) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, stage.phone("bob", BOB_IP, network=NetworkSettings(path="relay")) as bob:
            for number in range(300):
                fingerprint = Identity.from_seed(number.to_bytes(32, "big")).fingerprint
                relay._signals._hub.register(ConnectionId(1_000_000 + number), fingerprint, f"somebody {number}")
            lay(stage, ALICE_IP, Line(delay_s=0.05, rate_bit_s=12_000))
            async with stage.phone("alice", ALICE_IP, network=NetworkSettings(path="relay")) as alice:
                await alice.online()
                await bob.sees(alice)
                began = now()
                await talking(*((alice, bob) if caller == "alice" else (bob, alice)))
                assert now() - began < 15
                await alice.until(lambda s: len(s.present) == 301, 60)

    scene(script, Internet(line=_CLEAN))


@pytest.mark.parametrize(("rate_bit_s", "tier"), [(12_000, "lifeboat"), (30_000, "degraded"), (500_000, "good")])
def test_a_call_begins_with_what_the_line_carries(scene: Scene, rate_bit_s: int, tier: str) -> None:
    """Also what the other side sends, whose own line is good: nobody hears a flood drain away first."""

    async def script(stage: Stage) -> None:
        lay(stage, ALICE_IP, Line(delay_s=0.05, rate_bit_s=rate_bit_s, queue_s=4))
        async with stage.relay(), speakers(stage) as (alice, bob):
            await talking(alice, bob)
            await asyncio.sleep(3)  # until the last of the handshake has gone
            stage.internet.longest_wait_s.clear()
            await asyncio.sleep(6)
            assert {phone.state.call.media.tier for phone in (alice, bob)} == {tier}
            assert max(stage.internet.longest_wait_s.values()) < 0.7
            for phone in (alice, bob):
                assert loudness(phone.sound.heard_since(now() - 5)) > 1000
            await asyncio.sleep(24)
            assert rate_bit_s == 500_000 or {phone.state.call.media.tier for phone in (alice, bob)} == {tier}
            await asyncio.sleep(10)
            assert bob.engine.calls._session._media.care._controller.ceiling is Tier.STUDIO_64K  # it may try for more

    scene(script, Internet(line=_CLEAN))


def test_packets_that_come_twice_cost_a_direct_call_nothing(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage, path="auto") as (alice, bob):
            await talking(alice, bob)
            began = now()
            await asyncio.sleep(20)
            for phone in (alice, bob):
                assert phone.state.call.media.path == "direct"
                got = phone.engine.calls.report().received
                assert (got.missed, got.late, got.discarded, got.silent_ms) == (0, 0, 0, 0.0)
                pieces = phone.sound.heard_since(began + 0.5)[: 18 * 48_000].reshape(-1, 4800)
                assert min(loudness(piece) for piece in pieces) > 3000

    scene(script, Internet(line=replace(_CLEAN, duplicate=0.2)))


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
