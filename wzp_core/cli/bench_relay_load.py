"""The other side of `wzp bench relay`: many participants in one process, who talk, listen and count.

It speaks JSON lines: `joined`, then it waits for a line on stdin, then `began`, `ended` and `result`.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, Protocol

from wzp_core.crypto.identity import Identity
from wzp_core.dsp.frame import FRAME_MS
from wzp_core.engine.media_room import join_media_room
from wzp_core.errors import RemoteViolation, Unavailable
from wzp_core.io.quic import QuicEndpoint, open_endpoint
from wzp_core.io.udp import UdpSocket, bind_udp
from wzp_core.ports import Address
from wzp_core.protocol.media.header import HEADER_BYTES, MediaHeader
from wzp_core.protocol.profile import GOOD

_FRAME_S: Final = FRAME_MS / 1000
_LEVEL: Final = 9  # speech
_STAMP: Final = 8  # bytes: when the packet was sent, monotonic ns, the same clock for every process of this machine
_SETTLE_S: Final = 1.0  # for the last packets to arrive
_JOINS_AT_ONCE: Final = 8
_LIMIT_S: Final = 60.0
_ANY: Final = ("127.0.0.1", 0)


class Kind(StrEnum):
    """Whom the load talks to."""

    RELAY = "relay"
    STOCK = "stock"  # the forwarder on aioquic's own serve()
    UDP = "udp"  # the forwarder of plain UDP


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one run of the generator does."""

    kind: Kind
    host: str
    port: int
    rooms: int
    members: int  # in each room
    talkers: int  # of them
    seconds: float
    warm_up_s: float = 1.0
    payload_bytes: int = 88  # with the header 100: Opus of 24 kbit/s with sealing and some redundancy
    first: int = 0  # number of the first participant, so that two generators do not share identities

    @property
    def address(self) -> Address:
        return self.host, self.port


class Client(Protocol):
    """One participant; a `Link` is one."""

    def send_media(self, datagram: bytes) -> bool: ...

    def on_media(self, handler: Callable[[bytes], None]) -> None: ...


class UdpClient:
    """A participant of the plain forwarder; the first datagram names its room and comes back as the answer."""

    def __init__(self, address: Address, room: str) -> None:
        self._address, self._room = address, room.encode()
        self.joined = asyncio.Event()
        self._handler: Callable[[bytes], None] = lambda _: None
        self._socket: UdpSocket = bind_udp(_ANY, self._received)

    async def join(self) -> None:
        async with asyncio.timeout(_LIMIT_S):
            while not self.joined.is_set():
                self.send_media(self._room)
                await asyncio.wait({asyncio.ensure_future(self.joined.wait())}, timeout=0.2)

    def send_media(self, datagram: bytes) -> bool:
        self._socket.send(datagram, self._address)
        return True

    def on_media(self, handler: Callable[[bytes], None]) -> None:
        self._handler = handler

    def close(self) -> None:
        self._socket.close()

    def _received(self, data: bytes, _: Address) -> None:
        if data == self._room:
            self.joined.set()
        else:
            self._handler(data)


class Counting:
    """What the listeners of one process have heard of packets sent in the measured time."""

    def __init__(self) -> None:
        self.from_ns = self.until_ns = 0
        self.expected = self.heard = 0
        self.arrived = 0  # while it was measured, whenever they were sent
        self.delays_ns: list[int] = []
        self.lateness_ns: list[int] = []

    def take(self, datagram: bytes) -> None:
        sent_ns = int.from_bytes(datagram[HEADER_BYTES : HEADER_BYTES + _STAMP], "big")
        now = time.monotonic_ns()
        if self.from_ns <= now < self.until_ns:
            self.arrived += 1
        if self.from_ns <= sent_ns < self.until_ns:
            self.heard += 1
            if not self.heard & 7:
                self.delays_ns.append(now - sent_ns)


class Talker:
    """Sends a frame every 20 ms, at a moment of its own."""

    def __init__(self, client: Client, stream_id: int, payload: bytes, listeners: int) -> None:
        self._client, self._payload, self._listeners = client, payload, listeners
        self._stream_id = stream_id
        self._sequence = 0

    def talk(self, counting: Counting) -> None:
        self._sequence = (self._sequence + 1) & 0xFFFF
        header = MediaHeader(
            codec=GOOD.codec,
            sequence=self._sequence,
            timestamp_ms=self._sequence * FRAME_MS,
            level=_LEVEL,
            stream_id=self._stream_id,
        ).encode()
        now = time.monotonic_ns()
        if counting.from_ns <= now < counting.until_ns:
            counting.expected += self._listeners
        self._client.send_media(header + now.to_bytes(_STAMP, "big") + self._payload)


@asynccontextmanager
async def room_of_clients(load: Load, number: int) -> AsyncIterator[list[tuple[Client, int]]]:
    """The members of one room with their stream ids, on one socket together, so that each room has a buffer."""
    room = f"bench-{load.first}-{number}"
    async with AsyncExitStack() as stack:
        if load.kind is Kind.UDP:
            plain = [UdpClient(load.address, room) for _ in range(load.members)]
            for each in plain:
                stack.callback(each.close)
                await each.join()
            yield [(each, 0) for each in plain]
            return
        endpoint = await stack.enter_async_context(open_endpoint(_ANY))
        joining = asyncio.Semaphore(_JOINS_AT_ONCE)
        first = load.first + number * load.members

        async def one(index: int) -> tuple[Client, int]:
            async with joining:
                return await joined(endpoint, load, room, first + index)

        yield list(await asyncio.gather(*map(one, range(load.members))))


async def joined(endpoint: QuicEndpoint, load: Load, room: str, number: int) -> tuple[Client, int]:
    """A member of the room. Raises Unavailable and RemoteViolation as `join_media_room`."""
    if load.kind is Kind.RELAY:
        link, stream_id, *_ = await join_media_room(
            endpoint,
            load.address,
            room,
            identity(number),
            alias=f"participant {number}",
            pin=None,
            ephemeral_secret=number.to_bytes(32, "big"),
            dial_limit_s=_LIMIT_S,
        )
        return link, stream_id
    link = await endpoint.dial(load.address, room, timeout_s=_LIMIT_S)
    answered = asyncio.Event()
    link.on_media(lambda _: answered.set())
    link.send_media(room.encode())
    async with asyncio.timeout(_LIMIT_S):
        await answered.wait()
    return link, 0


def identity(number: int) -> Identity:
    return Identity.from_seed(b"wzp bench" + number.to_bytes(23, "big"))


async def talk(talkers: list[Talker], counting: Counting, until: float) -> None:
    """All talkers' frames, spread evenly over 20 ms; `until` is a time of the loop, s."""
    loop = asyncio.get_running_loop()
    step, due, turn = _FRAME_S / len(talkers), loop.time(), 0
    while due < until:
        while due <= loop.time():
            counting.lateness_ns.append(int((loop.time() - due) * 1e9))
            talkers[turn].talk(counting)
            turn, due = (turn + 1) % len(talkers), due + step
        await asyncio.sleep(max(0.0, due - loop.time()))


async def measure_rooms(load: Load) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        rooms = [await stack.enter_async_context(room_of_clients(load, number)) for number in range(load.rooms)]
        counting = Counting()
        payload = bytes(load.payload_bytes - _STAMP)
        talkers = []
        for members in rooms:
            for client, _ in members:
                client.on_media(counting.take)
            chosen = members[: load.talkers]
            talkers += [Talker(client, stream, payload, len(members) - 1) for client, stream in chosen]
        say("joined")
        await told()
        if not talkers:
            return {}
        return await measure(load, talkers, counting)


async def measure(load: Load, talkers: list[Talker], counting: Counting) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    interleaved = [talkers[at] for at in sorted(range(len(talkers)), key=lambda at: at % load.talkers)]
    began = loop.time() + load.warm_up_s
    counting.from_ns = int((time.monotonic() + load.warm_up_s) * 1e9)
    counting.until_ns = counting.from_ns + int(load.seconds * 1e9)
    talking = asyncio.create_task(talk(interleaved, counting, began + load.seconds + 0.1))
    await asyncio.sleep(load.warm_up_s)
    say("began")
    busy = time.process_time()
    await asyncio.sleep(max(0.0, began + load.seconds - loop.time()))
    busy = time.process_time() - busy
    say("ended")
    await talking
    await asyncio.sleep(_SETTLE_S)
    return {
        "offered": counting.expected,
        "heard": counting.heard,
        "arrived": counting.arrived,
        "delay_p50_ms": percentile_ms(counting.delays_ns, 50),
        "delay_p99_ms": percentile_ms(counting.delays_ns, 99),
        "late_p99_ms": percentile_ms(counting.lateness_ns, 99),
        "generator_busy_pct": round(100 * busy / load.seconds, 1),
    }


def percentile_ms(values_ns: list[int], percent: int) -> float | None:
    """Nearest rank, in ms; None of nothing."""
    if not values_ns:
        return None
    ranked = sorted(values_ns)
    return round(ranked[max(0, -(-len(ranked) * percent // 100) - 1)] / 1e6, 2)


def say(name: str, **facts: Any) -> None:
    print(json.dumps({"event": name, **facts}), flush=True)


async def told() -> None:
    """A line on stdin."""
    await asyncio.to_thread(sys.stdin.readline)


async def _main(load: Load) -> None:
    try:
        say("result", **await measure_rooms(load))
    except (TimeoutError, Unavailable, RemoteViolation) as error:
        say("failed", reason=repr(error))


def arguments(load: Load) -> str:
    """As this module wants it on its command line."""
    return json.dumps(asdict(load))


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    asyncio.run(_main(Load(**{**given, "kind": Kind(given["kind"])})))
