"""A long call in which everything happens that a call can meet, minute after minute, and what it leaves in memory."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.sim.network import Internet, Line
from tests.sim.script import ALICE_IP, BOB_IP, talking, two_phones
from tests.sim.world import Phone, Stage
from wzp_core.engine.commands import ChangeSettings, SetMuted
from wzp_core.session.state import CallStage

_CLEAN = Line(delay_s=0.02)
_WEATHER = (
    (Line(delay_s=0.02, loss=0.1), "auto"),
    (Line(delay_s=0.03, jitter_s=0.06), "studio-64k"),
    (Line(delay_s=0.02, rate_bit_s=20_000), "auto"),
    (Line(delay_s=0.02, loss=0.3), "codec2-3200"),
    (Line(delay_s=0.02, loss=0.2), "lifeboat"),
    (_CLEAN, "degraded"),
    (_CLEAN, "good"),  # so that each round ends as the one before it
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the process holds at a moment."""

    minutes: float  # of the call
    blocks: int  # of Python's allocator
    resident: int  # bytes; what C libraries hold too


async def soaked(
    tmp: Path, rounds: int, *, weather_s: float = 60.0, look: Callable[[Held], None] = lambda _held: None
) -> list[Held]:
    """A call by the relay and directly; what is held after each round of all weathers, of `weather_s` each.

    `look` is called with each of them.
    """
    stage = Stage(Internet(line=_CLEAN), tmp)
    held = []
    async with _call(stage) as (alice, bob):
        for number in range(1, rounds + 1):
            for line, quality in _WEATHER:
                await _weathered(stage, alice, bob, line, quality, weather_s / 3)
            for phone in (alice, bob):  # what the test itself keeps
                phone.sound.heard.clear()
                phone.states.clear()
            held.append(_held(number * len(_WEATHER) * weather_s / 60))
            look(held[-1])
        assert alice.state.call is not None
        assert alice.state.call.stage in (CallStage.ACTIVE, CallStage.RECONNECTING)
    return held


@asynccontextmanager
async def _call(stage: Stage) -> AsyncIterator[tuple[Phone, Phone]]:
    async with stage.relay(), two_phones(stage, path="auto") as (alice, bob):
        await talking(alice, bob)
        yield alice, bob


async def _weathered(stage: Stage, alice: Phone, bob: Phone, line: Line, quality: str, part_s: float) -> None:
    """One line and one quality; in the second of three parts the direct path is blocked and a microphone muted."""
    settings = alice.state.settings
    alice.does(ChangeSettings(replace(settings, call=replace(settings.call, quality=quality))))
    stage.internet.line = line
    await asyncio.sleep(part_s)
    for way in ((ALICE_IP, BOB_IP), (BOB_IP, ALICE_IP)):
        stage.internet.lines[way] = replace(line, loss=1.0)
    bob.does(SetMuted(microphone=True))
    await asyncio.sleep(part_s)
    stage.internet.lines.clear()
    bob.does(SetMuted(microphone=False))
    await asyncio.sleep(part_s)


def _held(minutes: float) -> Held:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Held(minutes=minutes, blocks=sys.getallocatedblocks(), resident=pages * 4096)
