"""The other side of the presence rows of `wzp bench relay`: a crowd of registered clients in one process.

It speaks JSON lines. After `joined` each line on stdin begins the next step, which says `began` and ends with a result:
some who come one after the other, many who come within a second, and, after a restart of the relay, all who come back.
"""

import asyncio
import itertools
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from random import random
from typing import Any, Final

from wzp_core.cli.bench_relay_load import identity, percentile_ms, say, told
from wzp_core.crypto.handshake import register_presence
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable, WzpError
from wzp_core.io.quic import QuicEndpoint, open_endpoint
from wzp_core.io.udp import Receiver, UdpSocket, bind_udp
from wzp_core.ports import Address, Link
from wzp_core.protocol.ids import Fingerprint
from wzp_core.protocol.refusal import SHUTDOWN
from wzp_core.protocol.signal.presence import PresenceChange, PresenceList, RegisterPresenceAck
from wzp_core.session.registration import retry_delay_s, return_delay_s

_ANY: Final = ("127.0.0.1", 0)
_CLIENTS_PER_SOCKET: Final = 100
_AT_ONCE: Final = 8
_PROGRESS: Final = 10  # times in all
_DIAL_LIMIT_S: Final = 10.0  # this and the next three as in the app
_ACK_LIMIT_S: Final = 10.0
_CHECK_S: Final = 1.0
_SILENT_S: Final = 4.0
_LIMIT_S: Final = 180.0  # of one step
_SETTLE_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """How many, and how they come."""

    port: int = 0  # of a relay on this machine
    clients: int
    newcomers: int  # one after the other
    storm: int  # within a second
    first: int = 0  # number of the first one
    takes_changes: bool = True  # False as older builds, which are told whole lists

    @property
    def address(self) -> Address:
        return "127.0.0.1", self.port


@dataclass(slots=True)
class Heard:
    """What everybody has been told since it was last emptied."""

    came_at: dict[Fingerprint, list[float]] = field(default_factory=dict)  # of those looked out for: who knows, s
    signals: Counter[str] = field(default_factory=Counter)
    wire_bytes: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)


class Client:
    """Registered, or on its way back, as the app's `Signalling` does it."""

    def __init__(self, crowd: Crowd, number: int, endpoint: QuicEndpoint, heard: Heard) -> None:
        self.identity = identity(number)
        self._crowd, self._endpoint, self._heard = crowd, endpoint, heard
        self._loop = asyncio.get_running_loop()
        self._known: set[Fingerprint] = set()  # of those looked out for
        self._present = 0  # as far as it was told
        self.registered_at: float | None = None
        self.listed_at: float | None = None  # when it was told first who is here
        self.failed = 0  # attempts

    async def _register(self) -> Link:
        """Raises Unavailable and RemoteViolation."""
        link = await self._endpoint.dial(self._crowd.address, "_signal", timeout_s=_DIAL_LIMIT_S)
        try:
            changes = self._crowd.takes_changes
            link.send_signal(register_presence(self.identity, alias="somebody", takes_changes=changes))
            try:
                async with asyncio.timeout(_ACK_LIMIT_S):
                    ack = await link.receive_signal()
            except TimeoutError:
                raise Unavailable(ErrorCode.TIMED_OUT, what="registration") from None
            if not isinstance(ack, RegisterPresenceAck) or not ack.success:
                raise Unavailable(ErrorCode.LIMIT, what="registration")
        except WzpError:
            link.close()
            raise
        self.registered_at = self._loop.time()
        return link

    async def stay(self, link: Link) -> None:
        """Takes what the relay says, and comes back when that ends; until cancelled."""
        while True:
            watching = asyncio.create_task(self._watch(link))
            try:
                reason = await self._listen(link)
            finally:
                watching.cancel()
            if reason == SHUTDOWN:
                await asyncio.sleep(return_delay_s(self._present, random()))  # noqa: S311
            link = await self.come()

    async def _listen(self, link: Link) -> str:
        """Until the link ends; returns why."""
        heard = self._heard
        try:
            while True:
                message = await link.receive_signal()
                heard.signals[type(message).__name__] += 1
                heard.news.set()
                match message:
                    case PresenceChange(came=came, left=left):
                        self._present += len(came) - len(left)
                        self._note({Fingerprint(user.fingerprint) for user in came})
                    case PresenceList(users=users):
                        self.listed_at = self.listed_at or self._loop.time()
                        self._present = len(users)
                        self._note({Fingerprint(user.fingerprint) for user in users})
        except Unavailable as ended:
            return str(ended.facts.get("reason"))

    def _note(self, came: set[Fingerprint]) -> None:
        for who in (came & self._heard.came_at.keys()) - self._known:
            self._known.add(who)
            self._heard.came_at[who].append(self._loop.time())

    async def _watch(self, link: Link) -> None:
        while True:
            await asyncio.sleep(_CHECK_S)
            if link.stats().silent_s > _SILENT_S:
                link.close("silent")

    async def come(self) -> Link:
        """Registers, however many attempts it takes."""
        attempt, self.registered_at, self.listed_at = 0, None, None
        while True:
            try:
                return await self._register()
            except (Unavailable, RemoteViolation):
                self.failed += 1
                await asyncio.sleep(retry_delay_s(attempt, random()))  # noqa: S311
                attempt += 1


@asynccontextmanager
async def sockets(count: int, heard: Heard) -> AsyncIterator[list[QuicEndpoint]]:
    """Each counts what it receives."""

    def counting(address: Address, receiver: Receiver) -> UdpSocket:
        def received(data: bytes, source: Address) -> None:
            heard.wire_bytes += len(data)
            receiver(data, source)

        return bind_udp(address, received)

    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(open_endpoint(_ANY, open_socket=counting)) for _ in range(count)]


class Script:
    """One step after the other."""

    def __init__(self, crowd: Crowd, endpoints: list[QuicEndpoint], heard: Heard, tasks: asyncio.TaskGroup) -> None:
        self._crowd, self._heard, self._tasks = crowd, heard, tasks
        self._loop = asyncio.get_running_loop()
        self._here: list[Client] = []
        self._stays: list[asyncio.Task[None]] = []
        self._endpoints = endpoints
        self._numbers = itertools.count(crowd.first)

    def _client(self) -> Client:
        number = next(self._numbers)
        return Client(self._crowd, number, self._endpoints[number % len(self._endpoints)], self._heard)

    def _enter(self, client: Client, link: Link) -> None:
        self._here.append(client)
        self._stays.append(self._tasks.create_task(client.stay(link)))

    async def gather(self) -> dict[str, Any]:
        """Everybody, a few at a time."""
        began, slots = self._loop.time(), asyncio.Semaphore(_AT_ONCE)

        async def one(client: Client) -> None:
            async with slots:
                self._enter(client, await client.come())
            if len(self._here) % max(10, self._crowd.clients // _PROGRESS) == 0:
                say("progress", registered=len(self._here), of=self._crowd.clients)

        async with asyncio.TaskGroup() as joining:
            for _ in range(self._crowd.clients):
                joining.create_task(one(self._client()))
        gathered_s = self._loop.time() - began
        await self._until(lambda: all(client.listed_at for client in self._here))
        return {
            "clients": self._crowd.clients,
            "gathered_s": round(gathered_s, 1),
            "listed_s": round(self._loop.time() - began, 1),
        }

    async def newcomers(self) -> dict[str, Any]:
        """Who knows of each how long after it registered."""
        delays_ns, last_ms = list[int](), list[float]()
        present = len(self._here)
        for _ in range(self._crowd.newcomers):
            client = self._client()
            who = client.identity.fingerprint
            self._heard.came_at[who] = []
            link = await client.come()
            registered_at = client.registered_at or 0.0
            self._enter(client, link)
            await self._known(who, present)
            waits = [at - registered_at for at in self._heard.came_at.pop(who)[:present]]
            delays_ns += [int(1e9 * wait) for wait in waits]
            last_ms.append(1000 * max(waits))
            await asyncio.sleep(_SETTLE_S)
            present += 1
        joins = self._crowd.newcomers
        return {
            "known_p50_ms": percentile_ms(delays_ns, 50),
            "known_p99_ms": percentile_ms(delays_ns, 99),
            "known_max_ms": round(max(last_ms), 1),
            "bytes_per_join": round(self._heard.wire_bytes / present / joins),
            "lists": self._heard.signals["PresenceList"],
            "joins": joins,
        }

    async def storm(self) -> dict[str, Any]:
        """Many within a second; all of them are to be known to all who were there."""
        before = len(self._here)
        crowd = [self._client() for _ in range(self._crowd.storm)]
        self._heard.came_at = {client.identity.fingerprint: [] for client in crowd}
        began = self._loop.time()

        async def one(place: int, client: Client) -> None:
            await asyncio.sleep(place / len(crowd))
            self._enter(client, await client.come())

        async with asyncio.TaskGroup() as joining:
            for place, client in enumerate(crowd):
                joining.create_task(one(place, client))
        arrived_s = self._loop.time() - began
        for client in crowd:
            await self._known(client.identity.fingerprint, before)
        known_s = max(max(each[:before]) for each in self._heard.came_at.values()) - began
        self._heard.came_at.clear()
        await asyncio.sleep(_SETTLE_S)
        return {
            "storm": len(crowd),
            "storm_arrived_s": round(arrived_s, 2),
            "storm_known_s": round(known_s, 2),
            "storm_frames_each": round(self._heard.signals.total() / len(self._here), 1),
            "storm_bytes_each": round(self._heard.wire_bytes / len(self._here)),
        }

    async def return_of_all(self, began: float) -> dict[str, Any]:
        """Of all who were there at `began`, a time of the loop: when each was registered again."""
        await self._until(lambda: all((client.listed_at or 0.0) > began for client in self._here))
        listed_s = self._loop.time() - began
        waits_ns = [int(1e9 * ((client.registered_at or 0.0) - began)) for client in self._here]
        return {
            "back_p50_s": round((percentile_ms(waits_ns, 50) or 0.0) / 1000, 1),
            "back_all_s": round(max(waits_ns) / 1e9, 1),
            "back_listed_s": round(listed_s, 1),
            "back_tries_each": round(1 + sum(client.failed for client in self._here) / len(self._here), 2),
        }

    def forget(self) -> None:
        """What was heard so far."""
        self._heard.signals.clear()
        self._heard.wire_bytes = 0
        for client in self._here:
            client.failed = 0

    def leave(self) -> None:
        """All of them."""
        for stay in self._stays:
            stay.cancel()

    async def _known(self, who: Fingerprint, to: int) -> None:
        await self._until(lambda: len(self._heard.came_at[who]) >= to)

    async def _until(self, holds: Callable[[], bool]) -> None:
        """Looks whenever somebody was told something. Raises TimeoutError."""
        async with asyncio.timeout(_LIMIT_S):
            while not holds():
                self._heard.news.clear()
                await self._heard.news.wait()


async def run(crowd: Crowd) -> None:
    """Says what became of each step."""
    heard = Heard()
    loop = asyncio.get_running_loop()
    async with sockets(-(-crowd.clients // _CLIENTS_PER_SOCKET), heard) as endpoints, asyncio.TaskGroup() as tasks:
        script = Script(crowd, endpoints, heard, tasks)
        say("joined", **await script.gather())
        await _step("newcomers", script, script.newcomers)
        await _step("storm", script, script.storm)
        await told()
        script.forget()
        say("began")
        began = loop.time()
        say("returned", **await script.return_of_all(began))
        script.leave()


async def _step(name: str, script: Script, act: Callable[[], Awaitable[dict[str, Any]]]) -> None:
    await told()
    script.forget()
    say("began")
    result = await act()
    say(name, **result)


async def _main(crowd: Crowd) -> None:
    try:
        await run(crowd)
    except* (TimeoutError, Unavailable, RemoteViolation) as errors:
        say("failed", reason=repr(errors.exceptions[0]))


def arguments(crowd: Crowd) -> str:
    """As this module wants it on its command line."""
    return json.dumps(asdict(crowd))


if __name__ == "__main__":
    asyncio.run(_main(Crowd(**json.loads(sys.argv[1]))))
