"""Two people in a call and in a room, as plain as they can be, and how much of what they say arrives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from tests.sim.enemy import joined, next_of, registered, somebody
from tests.sim.world import RELAY_IP, RELAY_PORT, Stage
from wzp_core.crypto.identity import Identity
from wzp_core.io.link import QuicLink
from wzp_core.io.quic import open_endpoint
from wzp_core.protocol.ids import CallId, call_room
from wzp_core.protocol.profile import GOOD
from wzp_core.protocol.signal.call import CallAcceptMode, DirectCallAnswer, DirectCallOffer
from wzp_core.protocol.signal.presence import Ping, Pong

RELAY = (RELAY_IP, RELAY_PORT)
CALL = CallId("18a1b2c3d4e5f607")
ROOM = "plaza"
ANN, BEN = somebody(1001), somebody(1002)
_HEAD = bytes.fromhex("00000001000000140000")


def packet(stream_id: int, number: int) -> bytes:
    return _HEAD + bytes((0, stream_id)) + number.to_bytes(8, "big") + bytes(60)


@dataclass
class Talk:
    """One link in a room, at one honest person."""

    link: QuicLink
    stream_id: int
    sent: int = 0
    heard: set[bytes] = field(default_factory=set)

    def listen(self, peer_stream: int) -> None:
        """Numbers only of the other honest one; what others in the room say is not counted."""
        self.link.on_media(lambda data: self.heard.add(data[12:20]) if data[11] == peer_stream else None)

    def speak(self) -> None:
        self.sent += 1
        self.link.send_media(packet(self.stream_id, self.sent))


@dataclass
class Pair:
    """The two people: their signal links, and their links in the call and in the room."""

    signals: tuple[QuicLink, QuicLink]
    call: tuple[Talk, Talk]
    room: tuple[Talk, Talk]
    pings: int = 0
    pongs: int = 0

    @property
    def links(self) -> list[QuicLink]:
        return [*self.signals, *(talk.link for talk in (*self.call, *self.room))]

    def losses(self) -> dict[str, float]:
        """Share of packets that never arrived, by way and speaker."""
        ways = {"call": self.call, "room": self.room}
        return {
            f"{name} {speaker}": 1 - len(way[1 - speaker].heard) / way[speaker].sent
            for name, way in ways.items()
            for speaker in (0, 1)
        }

    async def talk(self, seconds: float, every_s: float) -> None:
        loop = asyncio.get_running_loop()
        ends, next_ping = loop.time() + seconds, loop.time()
        while loop.time() < ends:
            for talk in (*self.call, *self.room):
                talk.speak()
            if loop.time() >= next_ping:
                next_ping += 5.0
                for link in self.signals:
                    self.pings += 1
                    link.send_signal(Ping(timestamp_ms=self.pings))
            await asyncio.sleep(every_s)
        await asyncio.sleep(1)

    async def hear(self, link: QuicLink) -> None:
        while not link.closed:
            message = await link.receive_signal()
            self.pongs += isinstance(message, Pong)


@asynccontextmanager
async def honest_pair(stage: Stage) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        ends = [
            await stack.enter_async_context(
                open_endpoint(("0.0.0.0", 0), open_socket=stage.internet.host(f"198.51.100.{number}").open_udp)
            )
            for number in (1, 2)
        ]
        ann, ben = [await registered(end, RELAY, who) for end, who in zip(ends, (ANN, BEN), strict=True)]
        ann.send_signal(offer(ANN, BEN, CALL))
        await next_of(ben, DirectCallOffer)
        ben.send_signal(DirectCallAnswer(call_id=CALL, accept_mode=CallAcceptMode.ACCEPT_TRUSTED))
        await next_of(ann, DirectCallAnswer)
        talks = {}
        for room in (call_room(CALL), ROOM):
            for number, (end, who) in enumerate(zip(ends, (ANN, BEN), strict=True), start=1):
                talks[room, number] = Talk(await joined(end, RELAY, room, who), number)
        pair = Pair(
            (ann, ben),
            (talks[call_room(CALL), 1], talks[call_room(CALL), 2]),
            (talks[ROOM, 1], talks[ROOM, 2]),
        )
        for (_, number), talk in talks.items():
            talk.listen(3 - number)
        readers = [asyncio.create_task(pair.hear(link)) for link in pair.links]
        try:
            yield pair
        finally:
            for reader in readers:
                reader.cancel()


def offer(caller: Identity, target: Identity, call_id: str) -> DirectCallOffer:
    return DirectCallOffer(
        caller_fingerprint=caller.fingerprint,
        caller_alias=None,
        target_fingerprint=target.fingerprint,
        call_id=call_id,
        identity_pub=caller.public_key,
        ephemeral_pub=bytes(32),
        signature=b"",
        supported_profiles=(GOOD,),
    )
