"""The relay is restarted on purpose: everybody is told at the same moment, and not everybody comes back at the same."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from tests.sim.script import corrupt, now
from tests.sim.world import Phone, Stage
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.presence import PresenceList, PresenceUser
from wzp_core.session.state import RelayPhase

Scene = Callable[..., None]

CROWD = tuple(PresenceUser(fingerprint=":".join([f"{number:04x}"] * 8), alias=None) for number in range(1000))


def in_a_crowd(message: SignalMessage) -> SignalMessage:
    return PresenceList(users=CROWD) if isinstance(message, PresenceList) else message


async def back_after_s(phone: Phone, began: float) -> float:
    await phone.until(lambda state: state.relay.phase is not RelayPhase.ONLINE)
    await phone.online()
    return now() - began


async def returns_s(stage: Stage, phones: int, crowded: Callable[[SignalMessage], SignalMessage]) -> list[float]:
    """When each phone is back after the relay has stopped and started."""
    async with AsyncExitStack() as stack:
        async with stage.relay() as relay:
            corrupt(relay, crowded)
            crowd = [
                await stack.enter_async_context(stage.phone(f"phone {number}", f"198.51.100.{number + 1}"))
                for number in range(phones)
            ]
            for phone in crowd:
                await phone.online()
            await asyncio.sleep(5)
            began = now()
            waiting = [asyncio.create_task(back_after_s(phone, began)) for phone in crowd]
        async with stage.relay():
            return [await each for each in waiting]


def test_of_a_crowd_each_comes_back_at_a_moment_of_its_own(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        back = sorted(await returns_s(stage, 8, in_a_crowd))
        assert back[-1] < 15
        assert back[-1] - back[0] > 4
        assert len({round(each) for each in back}) >= 4

    scene(script)


def test_where_there_is_no_crowd_nobody_waits(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        assert max(await returns_s(stage, 2, lambda message: message)) < 3

    scene(script)
