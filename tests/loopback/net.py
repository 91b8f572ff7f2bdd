"""One relay on the loopback interface, and clients that speak its protocol by hand."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

from relay.config import RelayConfig
from relay.serve import Relay
from wzp_core.crypto.handshake import call_offer, check_call_answer, register_presence
from wzp_core.crypto.identity import Identity
from wzp_core.io.quic import open_endpoint
from wzp_core.ports import Link
from wzp_core.protocol.signal.auth import AuthToken
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.call import CallAnswer
from wzp_core.protocol.signal.presence import Ping, Pong, PresenceList, RegisterPresenceAck
from wzp_core.protocol.signal.room import RoomUpdate

M = TypeVar("M", bound=SignalMessage)

CLIENT = ("127.0.0.1", 0)
LIMIT_S = 5.0


def somebody(number: int) -> Identity:
    return Identity.from_seed(bytes([number]) * 32)


ANN, BEN, CLEO = somebody(1), somebody(2), somebody(3)


def packet(stream_id: int, payload: bytes) -> bytes:
    return bytes.fromhex("00000001000000140000") + bytes([0, stream_id]) + payload


class Net:
    """Dials one relay; every client has a socket of its own."""

    def __init__(self, relay: Relay, stack: AsyncExitStack) -> None:
        self.relay = relay
        self._stack = stack
        self.answers: list[CallAnswer] = []  # of rooms, oldest first

    async def dial(self, server_name: str) -> Link:
        endpoint = await self._stack.enter_async_context(open_endpoint(CLIENT))
        return await endpoint.dial(self.relay.address, server_name, pin=self.relay.fingerprint)

    async def register(self, who: Identity, alias: str | None = None, *, token: str | None = None) -> Link:
        link = await self.dial("_signal")
        if token is not None:
            link.send_signal(AuthToken(token=token))
        link.send_signal(register_presence(who, alias=alias))
        ack = await soon(link, RegisterPresenceAck, skipping=False)
        assert ack.success
        return link

    async def join(
        self,
        who: Identity,
        room: str,
        stream_id: int | None = None,
        *,
        token: str | None = None,
        words: tuple[str, ...] = (),
    ) -> tuple[Link, int]:
        link = await self.dial(room)
        if token is not None:
            link.send_signal(AuthToken(token=token))
        link.send_signal(call_offer(who, ephemeral_secret=bytes(range(32)), stream_id=stream_id, words=words))
        answer = await soon(link, CallAnswer, skipping=False)
        check_call_answer(answer)
        self.answers.append(answer)
        assert answer.stream_id is not None
        return link, answer.stream_id


async def soon(link: Link, kind: type[M], *, skipping: bool = True) -> M:
    """The next signal of a kind; others before it are skipped or an error."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            message = await link.receive_signal()
            if isinstance(message, kind):
                return message
            assert skipping, f"{type(message).__name__} came first"


async def present(link: Link, *who: Identity) -> PresenceList:
    """The presence list as soon as it names exactly these."""
    while True:
        newest = await soon(link, PresenceList)
        if {user.fingerprint for user in newest.users} == {identity.fingerprint for identity in who}:
            return newest


async def roster(link: Link, *who: Identity) -> dict[str, int]:
    """Stream ids by fingerprint as soon as the room holds exactly these."""
    while True:
        newest = await soon(link, RoomUpdate)
        if {participant.fingerprint for participant in newest.participants} == {one.fingerprint for one in who}:
            assert newest.count == len(who)
            return {participant.fingerprint: participant.stream_id or 0 for participant in newest.participants}


async def ended(link: Link) -> str:
    async with asyncio.timeout(LIMIT_S):
        return await link.wait_closed()


async def settled(link: Link) -> None:
    """Everything that was sent on a signal link before has been acted on by the relay."""
    link.send_signal(Ping(timestamp_ms=1))
    await soon(link, Pong)


def config(path: Path, **options: Any) -> RelayConfig:
    return RelayConfig(listen=CLIENT, data_dir=path, region="lab", **options)
