"""Every scenario is played on a fresh internet, in simulated time."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.sim.loop import run_simulated
from tests.sim.network import Internet
from tests.sim.world import Stage

_LONGEST_S = 600.0  # simulated


@pytest.fixture
def scene(tmp_path: Path) -> Callable[..., None]:
    def play(script: Callable[[Stage], Awaitable[None]], internet: Internet | None = None) -> None:
        stage = Stage(internet or Internet(), tmp_path)

        async def main() -> None:
            async with asyncio.timeout(_LONGEST_S):
                await script(stage)

        run_simulated(main)

    return play
