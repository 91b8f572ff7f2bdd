"""Sessions that another relay forwards to this one, whose room then spans both (relay.md §16)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import pytest

from tests.sim.world import RELAY_PORT, Stage
from wzp_core.crypto.certificate import tls_identity
from wzp_core.crypto.handshake import call_offer
from wzp_core.crypto.identity import Identity
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.quic import QuicEndpoint, open_endpoint
from wzp_core.ports import Link
from wzp_core.protocol.signal.call import CallAnswer
from wzp_core.protocol.signal.federation import SessionForward, SessionForwardAck

Scene = Callable[..., None]

A, B, C, STRANGER = "203.0.113.1", "203.0.113.5", "203.0.113.6", "198.51.100.66"
ANN, BEN = Identity.from_seed(bytes([1]) * 32), Identity.from_seed(bytes([2]) * 32)
AT_A, AT_B = (A, RELAY_PORT), (B, RELAY_PORT)
KEYS = tls_identity(bytes(32))
Heard: TypeAlias = "asyncio.Queue[bytes]"


def packet(stream_id: int, payload: bytes) -> bytes:
    return bytes.fromhex("00000001000000140000") + bytes([0, stream_id]) + payload


class OtherRelay:
    """Forwards sessions to relay A, over a link for each, since a media packet does not say whose it is."""

    def __init__(self, endpoint: QuicEndpoint, address: str) -> None:
        self._endpoint, self._address = endpoint, address

    async def forward(self, session_id: str, heard: Heard) -> tuple[Link, str]:
        """The link, and the room at A; `heard` gets what is said there."""
        link = await self._endpoint.dial(AT_A, "_relay", show_certificate=True)
        asked = SessionForward(session_id=session_id, target_fingerprint=ANN.fingerprint, source_relay=self._address)
        link.send_signal(asked)
        ack = await link.receive_signal()
        assert isinstance(ack, SessionForwardAck)
        assert ack.session_id == session_id
        link.on_media(heard.put_nowait)
        return link, ack.room_name


@asynccontextmanager
async def relay_at(stage: Stage, ip: str) -> AsyncIterator[OtherRelay]:
    socket = stage.internet.host(ip).open_udp
    async with open_endpoint(("0.0.0.0", RELAY_PORT), KEYS, open_socket=socket) as endpoint:
        yield OtherRelay(endpoint, f"{ip}:{RELAY_PORT}")


@asynccontextmanager
async def in_room(stage: Stage, who: Identity, ip: str, room: str) -> AsyncIterator[tuple[Link, int, Heard]]:
    async with open_endpoint(("0.0.0.0", 0), open_socket=stage.internet.host(ip).open_udp) as endpoint:
        link = await endpoint.dial(AT_A, room)
        link.send_signal(call_offer(who, ephemeral_secret=bytes(range(32))))
        answer = await link.receive_signal()
        assert isinstance(answer, CallAnswer)
        assert answer.stream_id is not None
        heard: Heard = asyncio.Queue()
        link.on_media(heard.put_nowait)
        yield link, answer.stream_id, heard


def test_a_forwarded_session_is_one_room_with_whoever_is_in_it_here(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(A, probe=(AT_B,)) as a, relay_at(stage, B) as other:
            there: Heard = asyncio.Queue()
            link, room = await other.forward("ABC123", there)
            assert room == "relay-abc123"
            async with in_room(stage, ANN, "198.51.100.1", room) as (ann, her_id, heard):
                assert her_id == 255  # those on the other relay count from below
                assert link.send_media(packet(1, b"from afar"))
                assert await heard.get() == packet(1, b"from afar")
                ann.send_media(packet(her_id, b"from here"))
                assert await there.get() == packet(her_id, b"from here")
                async with in_room(stage, BEN, "198.51.100.2", room) as (_, his_id, he_heard):
                    assert his_id == 254
                    ann.send_media(packet(her_id, b"to both"))
                    assert await there.get() == await he_heard.get() == packet(her_id, b"to both")
                    link.send_media(packet(her_id, b"as if she"))
                    link.send_media(b"no packet")
                    link.send_media(packet(2, b"as another"))
                    assert await heard.get() == await he_heard.get() == packet(2, b"as another")
            totals = a.stats().totals
            assert (totals.packets_foreign_stream, totals.packets_malformed) == (1, 1)

    scene(script)


def test_sessions_of_one_relay_do_not_hear_each_other_and_end_one_by_one(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(A, probe=(AT_B,)), relay_at(stage, B) as other:
            first: Heard = asyncio.Queue()
            second: Heard = asyncio.Queue()
            (one, _), (two, _) = await other.forward("one", first), await other.forward("two", second)
            async with (
                in_room(stage, ANN, "198.51.100.1", "relay-one") as (ann, her_id, she_heard),
                in_room(stage, BEN, "198.51.100.2", "relay-two") as (ben, his_id, _),
            ):
                two.close()
                await asyncio.sleep(1)
                ben.send_media(packet(his_id, b"to nobody"))
                ann.send_media(packet(her_id, b"to one"))
                assert await first.get() == packet(her_id, b"to one")
                assert second.empty()
                assert one.send_media(packet(1, b"still there"))
                assert await she_heard.get() == packet(1, b"still there")

    scene(script)


def test_two_forwarded_sides_of_one_room_hear_its_members_and_not_each_other(scene: Scene) -> None:
    """Two relays that forward one session to each other would send packets in a circle otherwise."""

    async def script(stage: Stage) -> None:
        probed = (AT_B, (C, RELAY_PORT))
        async with stage.relay(A, probe=probed), relay_at(stage, B) as one, relay_at(stage, C) as two:
            first: Heard = asyncio.Queue()
            second: Heard = asyncio.Queue()
            link, _ = await one.forward("x", first)
            await two.forward("x", second)
            async with in_room(stage, ANN, "198.51.100.1", "relay-x") as (ann, her_id, heard):
                link.send_media(packet(1, b"one"))
                assert await heard.get() == packet(1, b"one")
                ann.send_media(packet(her_id, b"all"))
                assert await first.get() == await second.get() == packet(her_id, b"all")

    scene(script)


def test_a_stranger_forwards_nothing(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(A, probe=(AT_B,)) as a, relay_at(stage, STRANGER) as other:
            with pytest.raises(Unavailable) as refused:
                await other.forward("abc", asyncio.Queue())
            assert refused.value.code is ErrorCode.LINK_CLOSED
            assert a.stats().totals.links_failed == 1

    scene(script)


@pytest.mark.parametrize("session_id", ["with space", "a" * 250, "ü", "../x"])
def test_a_session_id_that_makes_no_room_name_is_refused_and_the_next_one_works(scene: Scene, session_id: str) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(A, probe=(AT_B,)), relay_at(stage, B) as other:
            with pytest.raises(Unavailable):
                await other.forward(session_id, asyncio.Queue())
            assert (await other.forward("good", asyncio.Queue()))[1] == "relay-good"

    scene(script)


def test_sessions_that_have_ended_take_no_place(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(A, probe=(AT_B,)), relay_at(stage, B) as other:
            for number in range(300):
                link, _ = await other.forward(f"{number}", asyncio.Queue())
                link.close()

    scene(script)


def test_what_comes_over_a_forwarded_session_is_bounded(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(A, probe=(AT_B,)) as a, relay_at(stage, B) as other:
            link, _ = await other.forward("x", asyncio.Queue())
            async with in_room(stage, ANN, "198.51.100.1", "relay-x") as (_, _, heard):
                for _ in range(100):
                    for _ in range(30):
                        link.send_media(packet(1, b"much"))
                    await asyncio.sleep(0.01)
                await asyncio.sleep(1)
                assert 1000 < heard.qsize() < 1700
                assert a.stats().totals.packets_limited > 1000

    scene(script)
