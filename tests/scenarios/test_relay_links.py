"""Sessions that one relay forwards to another, whose room then spans both."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import pytest

from relay.edge.relay_links import RelayLinks, relay_links
from tests.sim.world import RELAY_PORT, Stage
from wzp_core.crypto.certificate import tls_identity
from wzp_core.crypto.handshake import call_offer
from wzp_core.crypto.identity import Identity
from wzp_core.errors import ErrorCode, LocalMisuse, RemoteViolation, Unavailable
from wzp_core.io.quic import open_endpoint
from wzp_core.ports import Link
from wzp_core.protocol.ids import TlsFingerprint
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


@asynccontextmanager
async def links_at(stage: Stage, ip: str) -> AsyncIterator[RelayLinks]:
    socket = stage.internet.host(ip).open_udp
    async with (
        open_endpoint(("0.0.0.0", RELAY_PORT), KEYS, open_socket=socket) as endpoint,
        relay_links(endpoint, f"{ip}:{RELAY_PORT}") as links,
    ):
        yield links


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
        async with stage.relay(A, probe=(AT_B,)) as a, links_at(stage, B) as links:
            there: Heard = asyncio.Queue()
            room = await links.register_session(AT_A, "ABC123", ANN.fingerprint, there.put_nowait)
            assert room == "relay-abc123"
            async with in_room(stage, ANN, "198.51.100.1", room) as (ann, her_id, heard):
                assert her_id == 255  # those on the other relay count from below
                assert links.forward_to(AT_A, "ABC123", packet(1, b"from afar"))
                assert await heard.get() == packet(1, b"from afar")
                ann.send_media(packet(her_id, b"from here"))
                assert await there.get() == packet(her_id, b"from here")
                async with in_room(stage, BEN, "198.51.100.2", room) as (_, his_id, he_heard):
                    assert his_id == 254
                    ann.send_media(packet(her_id, b"to both"))
                    assert await there.get() == await he_heard.get() == packet(her_id, b"to both")
                    links.forward_to(AT_A, "ABC123", packet(her_id, b"as if she"))
                    links.forward_to(AT_A, "ABC123", b"no packet")
                    links.forward_to(AT_A, "ABC123", packet(2, b"as another"))
                    assert await heard.get() == await he_heard.get() == packet(2, b"as another")
            totals = a.stats().totals
            assert (totals.packets_foreign_stream, totals.packets_malformed) == (1, 1)

    scene(script)


def test_sessions_of_one_relay_do_not_hear_each_other_and_end_one_by_one(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(A, probe=(AT_B,)), links_at(stage, B) as links:
            heard: dict[str, Heard] = {"one": asyncio.Queue(), "two": asyncio.Queue()}
            for session, queue in heard.items():
                await links.register_session(AT_A, session, ANN.fingerprint, queue.put_nowait)
            with pytest.raises(LocalMisuse):
                await links.register_session(AT_A, "one", ANN.fingerprint, print)
            async with (
                in_room(stage, ANN, "198.51.100.1", "relay-one") as (ann, her_id, she_heard),
                in_room(stage, BEN, "198.51.100.2", "relay-two") as (ben, his_id, _),
            ):
                links.unregister_session(AT_A, "two")
                await asyncio.sleep(1)
                ben.send_media(packet(his_id, b"to nobody"))
                ann.send_media(packet(her_id, b"to one"))
                assert await heard["one"].get() == packet(her_id, b"to one")
                assert heard["two"].empty()
                assert not links.forward_to(AT_A, "two", packet(1, b"gone"))
                assert links.forward_to(AT_A, "one", packet(1, b"still there"))
                assert await she_heard.get() == packet(1, b"still there")

    scene(script)


def test_two_forwarded_sides_of_one_room_hear_its_members_and_not_each_other(scene: Scene) -> None:
    """Two relays that forward one session to each other would send packets in a circle otherwise."""

    async def script(stage: Stage) -> None:
        async with (
            stage.relay(A, probe=(AT_B, (C, RELAY_PORT))),
            links_at(stage, B) as one,
            links_at(stage, C) as two,
        ):
            first: Heard = asyncio.Queue()
            second: Heard = asyncio.Queue()
            await one.register_session(AT_A, "x", ANN.fingerprint, first.put_nowait)
            await two.register_session(AT_A, "x", ANN.fingerprint, second.put_nowait)
            async with in_room(stage, ANN, "198.51.100.1", "relay-x") as (ann, her_id, heard):
                one.forward_to(AT_A, "x", packet(1, b"one"))
                assert await heard.get() == packet(1, b"one")
                ann.send_media(packet(her_id, b"all"))
                assert await first.get() == await second.get() == packet(her_id, b"all")

    scene(script)


def test_a_stranger_forwards_nothing(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(A, probe=(AT_B,)) as a, links_at(stage, STRANGER) as links:
            with pytest.raises(Unavailable) as refused:
                await links.register_session(AT_A, "abc", ANN.fingerprint, print)
            assert refused.value.code is ErrorCode.LINK_CLOSED
            assert a.stats().totals.links_failed == 1

    scene(script)


def test_the_relay_that_a_session_goes_to_must_be_the_pinned_one(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(A, probe=(AT_B,)), links_at(stage, B) as links:
            with pytest.raises(RemoteViolation) as refused:
                await links.register_session(AT_A, "a", ANN.fingerprint, print, pin=TlsFingerprint("aa"))
            assert refused.value.code is ErrorCode.RELAY_KEY_CHANGED
            assert not links.forward_to(AT_A, "a", packet(1, b""))

    scene(script)


@pytest.mark.parametrize("session_id", ["with space", "a" * 250, "ü", "../x"])
def test_a_session_id_that_makes_no_room_name_is_refused_and_the_next_one_works(scene: Scene, session_id: str) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(A, probe=(AT_B,)), links_at(stage, B) as links:
            with pytest.raises(Unavailable):
                await links.register_session(AT_A, session_id, ANN.fingerprint, print)
            assert await links.register_session(AT_A, "good", ANN.fingerprint, print) == "relay-good"

    scene(script)


def test_an_ack_for_another_session_is_a_violation(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        socket = stage.internet.host(A).open_udp
        async with (
            open_endpoint(("0.0.0.0", RELAY_PORT), KEYS, open_socket=socket) as other,
            links_at(stage, B) as links,
        ):
            asking = asyncio.ensure_future(links.register_session(AT_A, "mine", ANN.fingerprint, print))
            link = await other.accept()
            assert await link.receive_signal() == SessionForward(
                session_id="mine", target_fingerprint=ANN.fingerprint, source_relay=f"{B}:{RELAY_PORT}"
            )
            link.send_signal(SessionForwardAck(session_id="yours", room_name="tea"))
            with pytest.raises(RemoteViolation):
                await asking
            await link.wait_closed()

    scene(script)


def test_sessions_that_have_ended_take_no_place(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(A, probe=(AT_B,)), links_at(stage, B) as links:
            for number in range(300):
                await links.register_session(AT_A, f"{number}", ANN.fingerprint, print)
                links.unregister_session(AT_A, f"{number}")

    scene(script)


def test_what_comes_over_a_forwarded_session_is_bounded(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(A, probe=(AT_B,)) as a, links_at(stage, B) as links:
            await links.register_session(AT_A, "x", ANN.fingerprint, print)
            async with in_room(stage, ANN, "198.51.100.1", "relay-x") as (_, _, heard):
                for _ in range(100):
                    for _ in range(30):
                        links.forward_to(AT_A, "x", packet(1, b"much"))
                    await asyncio.sleep(0.01)
                await asyncio.sleep(1)
                assert 1000 < heard.qsize() < 1700
                assert a.stats().totals.packets_limited > 1000

    scene(script)
