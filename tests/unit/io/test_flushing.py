"""When media leaves: at once where a link was quiet, else with what came meanwhile."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import cast

from tests.sim.loop import run_simulated
from wzp_core.io.flushing import Flushing
from wzp_core.io.link import QuicLink


@dataclass(eq=False)
class Hearer:
    """What flushing sees of a link."""

    media_due: bool = False
    media_sent_at: float = float("-inf")


class Relay:
    """Passes frames on to everybody."""

    def __init__(self, hearers: int) -> None:
        self.hearers = [Hearer() for _ in range(hearers)]
        self.left: list[tuple[float, Hearer]] = []
        self.flushing = Flushing(self._flush, lambda _link: None)
        self.now = asyncio.get_running_loop().time

    def _flush(self, link: QuicLink, now: float) -> None:
        hearer = cast(Hearer, link)
        hearer.media_due, hearer.media_sent_at = False, now
        self.left.append((now, hearer))

    async def hear(self, frames: int, every_s: float) -> None:
        for _ in range(frames):
            for hearer in self.hearers:
                if not hearer.media_due:
                    self.flushing.wake_for_media(cast(QuicLink, hearer))
            await asyncio.sleep(every_s)


def test_who_hears_one_voice_is_never_kept_waiting() -> None:
    async def script() -> None:
        relay = Relay(3)
        began = relay.now()
        await relay.hear(5, 0.02)
        assert {round(at - began, 3) for at, _ in relay.left} == {0.0, 0.02, 0.04, 0.06, 0.08}

    run_simulated(script)


def test_of_many_frames_those_of_eight_milliseconds_leave_together() -> None:
    async def script() -> None:
        relay = Relay(20)
        await relay.hear(1000, 0.001)
        packets = Counter(hearer for _, hearer in relay.left)
        assert all(100 <= each <= 125 for each in packets.values())
        assert len({at for at, _ in relay.left}) <= 125  # one timer for all of them

    run_simulated(script)


def test_a_link_that_is_forgotten_is_not_flushed_any_more() -> None:
    async def script() -> None:
        relay = Relay(1)
        await relay.hear(2, 0.001)
        relay.flushing.forget(cast(QuicLink, relay.hearers[0]))
        await asyncio.sleep(0.1)
        assert len(relay.left) == 1

    run_simulated(script)
