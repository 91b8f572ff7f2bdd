"""What a planned move between paths of very different delay costs whole engines: next to nothing is made up."""

import asyncio
from collections.abc import Callable

import pytest

from tests.sim.network import Internet, Line
from tests.sim.script import ALICE_IP, BOB_IP, now, talking, two_phones
from tests.sim.world import RELAY_IP, Phone, Stage

Scene = Callable[..., None]

DIRECT_WAYS = ((ALICE_IP, BOB_IP), (BOB_IP, ALICE_IP))
RELAY_WAYS = tuple(way for ip in (ALICE_IP, BOB_IP) for way in ((ip, RELAY_IP), (RELAY_IP, ip)))


def lines(relay_s: float, direct_s: float, jitter_s: float) -> dict[tuple[str, str], Line]:
    return {way: Line(relay_s / 2, jitter_s / 2) for way in RELAY_WAYS} | {
        way: Line(direct_s, jitter_s) for way in DIRECT_WAYS
    }


def made_up_ms(phone: Phone) -> float:
    got = phone.engine.calls.report().received
    return got.concealed_ms + got.silent_ms


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("relay_ms", "direct_ms"), [(120, 5), (5, 120), (50, 25)])
def test_a_move_to_the_direct_path_is_not_heard_however_far_either_is(
    scene: Scene, relay_ms: int, direct_ms: int, seed: int
) -> None:
    async def script(stage: Stage) -> None:
        net = stage.internet
        net.tap = lambda source, target, data: None if (source, target) in DIRECT_WAYS else data
        async with stage.relay(), two_phones(stage, path="auto") as (alice, bob):
            await talking(alice, bob)
            await asyncio.sleep(8)
            before = [made_up_ms(phone) for phone in (alice, bob)]
            net.tap = None
            alice.network.change()  # so that they look again at once
            for phone in (alice, bob):
                await phone.until(lambda s: s.call.media.path == "direct", 5)
            moved = now()
            await asyncio.sleep(4)
            for phone, was in zip((alice, bob), before, strict=True):
                assert made_up_ms(phone) - was <= 60
                assert len(phone.sound.heard_since(moved)) > 3 * 48_000

    scene(script, Internet(seed=seed + 1, lines=lines(relay_ms / 1000, direct_ms / 1000, 0.004)))
