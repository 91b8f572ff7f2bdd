"""How long a call takes to come about over bad links, many times over, in simulated time: `./dev bench -k links`."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from tests.sim.loop import run_simulated
from tests.sim.network import Internet, Line
from tests.sim.script import ALICE_IP, BOB_IP, now, talking
from tests.sim.world import RELAY_IP, Stage
from wzp_core.session.state import RelayPhase, SasStage
from wzp_core.settings.schema import NetworkSettings

CALLS = 16
LIMIT_S = 100.0
_LOSSES = {f"loss {percent} % each way": Line(delay_s=0.02, loss=percent / 100) for percent in (10, 20, 30, 50)}
LINES = {
    "clear": Line(delay_s=0.02),
    **_LOSSES,
    "loss 30 % in bursts of 8": Line(delay_s=0.02, loss=0.3, burst=8),
    "2G: 30 kbit/s, 600 ms, jitter 200 ms": Line(delay_s=0.28, jitter_s=0.2, rate_bit_s=30_000, queue_s=3),
    "satellite: 700 ms, 2 %": Line(delay_s=0.33, loss=0.02),
    "12 kbit/s": Line(delay_s=0.05, rate_bit_s=12_000, queue_s=4),
    "8 kbit/s": Line(delay_s=0.05, rate_bit_s=8000),
    "8 kbit/s, loss 10 %": Line(delay_s=0.05, rate_bit_s=8000, loss=0.1),
    "8 kbit/s, loss 20 %": Line(delay_s=0.05, rate_bit_s=8000, loss=0.2),
    "8 kbit/s, loss 10 %, on both sides": Line(delay_s=0.05, rate_bit_s=8000, loss=0.1),
    "loss 50 % each way, on both sides": Line(delay_s=0.02, loss=0.5),
}


async def _call(stage: Stage, line: Line, *, both: bool) -> tuple[float, float, float]:
    """Seconds until we are registered, then until both have heard something, and have the words to compare."""
    network = NetworkSettings(path="relay", use_stun=False, port_mapping=False)
    for ip in (ALICE_IP, BOB_IP) if both else (ALICE_IP,):
        stage.internet.lines[ip, RELAY_IP] = stage.internet.lines[RELAY_IP, ip] = line
    began = now()
    async with (
        stage.relay(),
        stage.phone("alice", ALICE_IP, network=network) as alice,
        stage.phone("bob", BOB_IP, network=network) as bob,
    ):
        await alice.until(lambda s: s.relay.phase is RelayPhase.ONLINE, LIMIT_S)
        registered = now() - began
        await alice.sees(bob)
        await bob.sees(alice)
        began = now()
        await talking(alice, bob)
        heard = now() - began
        for phone in (alice, bob):
            await phone.until(lambda s: s.call is not None and s.call.sas.stage is SasStage.READY)
        return registered, heard, now() - began


@pytest.mark.parametrize("name", LINES)
def test_calls_come_about(name: str, tmp_path: Path) -> None:
    took = list[tuple[float, float, float]]()
    for seed in range(1, CALLS + 1):
        stage = Stage(Internet(seed=seed, line=Line(delay_s=0.02)), tmp_path / str(seed))

        async def main(stage: Stage = stage) -> None:
            async with asyncio.timeout(2 * LIMIT_S):
                took.append(await _call(stage, LINES[name], both="both" in name))

        try:
            run_simulated(main)
        except (BaseExceptionGroup, AssertionError, TimeoutError) as error:
            print(f"{name}, seed {seed}: {error!r:.200}")
    shown = " | ".join(f"{np.median(part):.1f} / {max(part):.1f}" for part in zip(*took, strict=True))
    print(f"\n| {name} | {len(took)} of {CALLS} | {shown} |")
    assert len(took) == CALLS
