"""Two people go on talking while a crowd tries everything; the whole hour of it is in tests/bench."""

import asyncio
from collections.abc import Callable

import pytest

from tests.sim.crowd import ATTACKS, Crowd
from tests.sim.honest import honest_pair
from tests.sim.world import Stage

Scene = Callable[..., None]


@pytest.mark.parametrize("seed", [1, 2])
def test_two_people_in_a_call_and_a_room_notice_nothing_of_a_siege(scene: Scene, seed: int) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, honest_pair(stage) as pair:
            crowd = Crowd(stage, seed)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(crowd.besiege(60))
                talk = tasks.create_task(pair.talk(60, every_s=0.1))
            assert talk.done()
            assert max(pair.losses().values()) < 0.01
            assert pair.pongs == pair.pings
            assert not any(link.closed for link in pair.links)
            assert relay.stats().calls >= 1

    scene(script)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_no_attack_alone_is_noticed_or_left_behind(scene: Scene, attack: Callable[..., None]) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, honest_pair(stage) as pair:
            crowd = Crowd(stage, 3)
            crowd.only = (attack,)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(crowd.besiege(5, at_once=2))
                tasks.create_task(pair.talk(8, every_s=0.1))
            assert max(pair.losses().values()) == 0
            assert not any(link.closed for link in pair.links)
            await asyncio.sleep(100)
            assert len(relay._endpoint._ids) == len(pair.links)  # type: ignore[attr-defined]
            stats = relay.stats()
            assert (stats.clients, stats.calls, stats.rooms, stats.sessions) == (2, 1, 2, 4)

    scene(script)
