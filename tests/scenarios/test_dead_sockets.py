"""A phone whose UDP socket the system has given up: it opens another, and call and registration go on."""

import asyncio
from collections.abc import Callable

import pytest

from tests.sim.network import Internet, Line
from tests.sim.script import ALICE_HZ, ALICE_IP, BOB_HZ, BOB_IP, now, talking
from tests.sim.sound import SimSound, loudness, tone
from tests.sim.world import Stage
from wzp_core.session.state import CallStage, RelayPhase
from wzp_core.settings.schema import NetworkSettings

Scene = Callable[..., None]


@pytest.mark.parametrize("path", ["direct", "relay"])
@pytest.mark.parametrize("ports", [False, True], ids=["the socket is gone", "its port is closed for good"])
def test_a_socket_that_takes_nothing_any_more_is_replaced_in_a_call(scene: Scene, path: str, ports: bool) -> None:
    network = NetworkSettings(path="relay") if path == "relay" else NetworkSettings(stun_servers="")

    async def script(stage: Stage) -> None:
        async with (
            stage.relay(),
            stage.phone("alice", ALICE_IP, sound=SimSound(tone(ALICE_HZ, 1.0)), network=network) as alice,
            stage.phone("bob", BOB_IP, sound=SimSound(tone(BOB_HZ, 1.0)), network=network) as bob,
        ):
            await alice.sees(bob)
            await talking(alice, bob)
            for phone in (alice, bob):
                await phone.until(lambda s: s.call.media.path == path, 10)
            await asyncio.sleep(2)
            alice.states.clear()
            stage.internet.refuse(ALICE_IP, ports=ports)
            await asyncio.sleep(8)
            for phone in (alice, bob):
                assert loudness(phone.sound.heard_since(now() - 1)) > 3000
                assert phone.state.call.stage is CallStage.ACTIVE
            assert {state.relay.phase for state in alice.states} == {RelayPhase.ONLINE}
            await alice.until(lambda s: s.call.media.path == path, 30)

    scene(script, Internet(line=Line(delay_s=0.0125)))


def test_a_phone_at_rest_finds_a_new_socket_and_stays_in_sight(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), stage.phone("alice", ALICE_IP) as alice, stage.phone("bob", BOB_IP) as bob:
            await bob.sees(alice)
            stage.internet.refuse(ALICE_IP, ports=True)
            await asyncio.sleep(40)
            await alice.online()
            await talking(bob, alice)

    scene(script)
