"""What one client may ask of a relay, and what others notice of one that asks for more."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.sim.script import now, talking, two_phones
from tests.sim.sound import loudness
from tests.sim.world import RELAY_IP, RELAY_PORT, Stage
from wzp_core.crypto.handshake import call_offer, register_presence
from wzp_core.crypto.identity import Identity
from wzp_core.engine.commands import JoinRoom
from wzp_core.errors import Unavailable
from wzp_core.io.quic import QuicEndpoint, open_endpoint
from wzp_core.ports import Link
from wzp_core.protocol.signal.call import CallAnswer
from wzp_core.protocol.signal.presence import RegisterPresenceAck
from wzp_core.session.state import RelayPhase, RoomStage

Scene = Callable[..., None]
RELAY = (RELAY_IP, RELAY_PORT)
ENEMY_IP = "192.0.2.66"


def somebody(number: int) -> Identity:
    return Identity.from_seed(number.to_bytes(32, "big"))


async def joined(endpoint: QuicEndpoint, room: str, who: Identity) -> Link:
    link = await endpoint.dial(RELAY, room)
    link.send_signal(call_offer(who, ephemeral_secret=bytes(range(32))))
    assert isinstance(await link.receive_signal(), CallAnswer)
    return link


async def register(endpoint: QuicEndpoint, who: Identity, *, signed: bool = True) -> tuple[Link, RegisterPresenceAck]:
    link = await endpoint.dial(RELAY, "_signal")
    registration = register_presence(who)
    link.send_signal(registration if signed else replace(registration, signature=b""))
    ack = await link.receive_signal()
    assert isinstance(ack, RegisterPresenceAck)
    return link, ack


def test_a_participant_that_floods_its_room_is_cut_down_to_what_it_may_send(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        host = stage.internet.host(ENEMY_IP)
        async with stage.relay() as relay, two_phones(stage) as (alice, bob):
            for phone in (alice, bob):
                phone.does(JoinRoom("plaza"))
                await phone.until(lambda s: s.room is not None and s.room.stage is RoomStage.JOINED)
            async with open_endpoint(("0.0.0.0", 0), open_socket=host.open_udp) as endpoint:
                enemy = await joined(endpoint, "plaza", somebody(66))
                before = relay.stats().totals.packets_limited
                for _ in range(500):
                    for _ in range(40):
                        enemy.send_media(bytes.fromhex("000000010000001400000003") + bytes(100))
                    await asyncio.sleep(0.02)
                assert relay.stats().totals.packets_limited - before > 10_000
                assert not enemy.closed
                for phone in (alice, bob):
                    assert loudness(phone.sound.heard_since(now() - 1.0)) > 1000

    scene(script)


def test_one_address_cannot_take_all_places_of_a_relay(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        host = stage.internet.host(ENEMY_IP)
        async with (
            stage.relay(max_sessions=8, max_clients=6) as relay,
            two_phones(stage) as (alice, bob),
            open_endpoint(("0.0.0.0", 0), open_socket=host.open_udp) as endpoint,
        ):
            acks = [(await register(endpoint, somebody(number)))[1] for number in range(5)]
            assert [ack.success for ack in acks] == [True] * 3 + [False] * 2
            assert {ack.error for ack in acks[3:]} == {"limit"}
            links = [await joined(endpoint, f"room{number}", somebody(number)) for number in range(4)]
            with pytest.raises(Unavailable):
                await joined(endpoint, "room9", somebody(9))
            await talking(alice, bob)
            assert relay.stats().sessions == 6
            assert not any(link.closed for link in links)

    scene(script)


def test_a_client_that_is_refused_for_a_limit_comes_back_by_itself(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        host = stage.internet.host(ENEMY_IP)
        async with stage.relay(max_clients=1, max_share_per_address=1.0) as relay:
            async with open_endpoint(("0.0.0.0", 0), open_socket=host.open_udp) as endpoint:
                await register(endpoint, somebody(1))
                async with stage.phone("alice", "198.51.100.1") as alice:
                    await alice.until(lambda s: s.relay.phase is RelayPhase.FAILED)
                    endpoint.close()
                    await alice.online()
            assert relay.stats().totals.registrations_refused >= 1

    scene(script)


def test_nobody_takes_a_place_by_leaving_out_the_signature(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        host = stage.internet.host(ENEMY_IP)
        async with stage.relay() as relay, open_endpoint(("0.0.0.0", 0), open_socket=host.open_udp) as endpoint:
            ann, ack = await register(endpoint, somebody(1))
            assert ack.success
            _, ack = await register(endpoint, somebody(1), signed=False)
            assert (ack.success, ack.error) == (False, "bad_signature")
            assert not ann.closed
            _, ack = await register(endpoint, somebody(2), signed=False)
            assert ack.success
            assert relay.stats().clients == 2

    scene(script)


def test_a_participant_of_a_full_relay_comes_back_into_its_own_place(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        host = stage.internet.host(ENEMY_IP)
        limits = {"max_sessions": 1, "max_rooms_per_client": 1}
        async with stage.relay(**limits) as relay, open_endpoint(("0.0.0.0", 0), open_socket=host.open_udp) as endpoint:
            older = await joined(endpoint, "room", somebody(1))
            await joined(endpoint, "room", somebody(1))
            assert await older.wait_closed() == "replaced"
            await asyncio.sleep(1)
            assert relay.stats().sessions == 1

    scene(script)


def test_the_end_of_a_client_that_fell_silent_takes_nothing_from_its_newer_connection(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, two_phones(stage) as (alice, bob):
            seed = bytes(range(32))
            async with stage.phone("cleo", "198.51.100.3", seed=seed) as cleo:
                await cleo.online()
                await bob.sees(cleo)
                await talking(cleo, bob)
                stage.internet.kill("198.51.100.3")
                async with stage.phone("cleo", "198.51.100.4", seed=seed) as newer:
                    await newer.online()
                    await asyncio.sleep(35)  # longer than any time-out of the silent connection
                    assert newer.state.relay.phase is RelayPhase.ONLINE
                    assert relay.stats().clients == 3
                    assert relay.stats().calls == 1
                    await alice.sees(newer)

    scene(script)
