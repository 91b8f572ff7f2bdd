"""Several federated relays, each of which may be killed and started again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from relay.config import TrustedRelay
from relay.serve import Relay
from tests.sim.world import RELAY_PORT, Phone, Stage

Links = Iterable[tuple[int, int]]

CHAIN: Links = ((0, 1), (1, 2))
RING: Links = ((0, 1), (1, 2), (2, 0))
ROOM = "general"


class Fleet:
    """Of each link (a, b) relay a dials and relay b only trusts."""

    def __init__(self, stage: Stage, links: Links, lifetime: AsyncExitStack) -> None:
        self._stage, self._links, self._lifetime = stage, tuple(links), lifetime
        self._alive: dict[int, Any] = {}
        self.relays: dict[int, Relay] = {}

    @staticmethod
    def ip(number: int) -> str:
        return f"203.0.113.{number + 11}"

    def address(self, number: int) -> str:
        return f"{self.ip(number)}:{RELAY_PORT}"

    async def start(self, number: int, **limits: Any) -> Relay:
        peers = tuple(self._stage.peer(self.ip(b)) for a, b in self._links if a == number)
        trusted = tuple(
            TrustedRelay(fingerprint=self._stage.relay_key(self.ip(a)), label=f"at {self.ip(a)}")
            for a, b in self._links
            if b == number
        )
        relay = self._stage.relay(self.ip(number), peers=peers, trusted=trusted, global_rooms=(ROOM,), **limits)
        self.relays[number] = await self._lifetime.enter_async_context(relay)
        return self.relays[number]

    def kill(self, number: int) -> None:
        """Without a goodbye; what is left of it hears and says nothing any more."""
        self._stage.internet.kill(self.ip(number))
        del self.relays[number]

    async def linked(self, limit_s: float = 10.0) -> None:
        """All links among the relays that run are up."""
        await until(
            lambda: all(peer.up for relay in self.relays.values() for peer in relay.federation.stats()), limit_s
        )


@asynccontextmanager
async def fleet(stage: Stage, links: Links) -> AsyncIterator[Fleet]:
    """Running and linked."""
    async with AsyncExitStack() as lifetime:
        running = Fleet(stage, links, lifetime)
        for number in sorted({end for link in running._links for end in link}):
            await running.start(number)
        await running.linked()
        yield running


@asynccontextmanager
async def phones(stage: Stage, homes: dict[str, str], **more: Any) -> AsyncIterator[list[Phone]]:
    """One for each name, on the relay with that address, and with what `more` holds under its name."""
    async with AsyncExitStack() as lifetime:
        opened = [
            await lifetime.enter_async_context(
                stage.phone(name, f"198.51.100.{place}", relay=relay, **more.get(name, {}))
            )
            for place, (name, relay) in enumerate(homes.items(), 1)
        ]
        for phone in opened:
            await phone.online()
        yield opened


async def until(holds: Callable[[], bool], limit_s: float = 10.0) -> None:
    async with asyncio.timeout(limit_s):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
