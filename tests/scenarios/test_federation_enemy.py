"""A linked relay that lies, floods or is of an older build: nobody on the others pays for it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from relay.config import IDENTITY_FILE, TrustedRelay
from relay.identity import load_seed
from relay.serve import Relay
from tests.sim.enemy import somebody
from tests.sim.fleet import ROOM, until
from tests.sim.script import now, talking, two_phones
from tests.sim.sound import loudness
from tests.sim.world import RELAY_IP, RELAY_PORT, Phone, Stage
from wzp_core.crypto.certificate import tls_identity
from wzp_core.crypto.identity import relay_tls_seed
from wzp_core.crypto.rooms import federation_tag
from wzp_core.engine.commands import Answer, AnswerCall, HangUp, JoinRoom, LeaveRoom, PlaceCall
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.link import QuicLink
from wzp_core.io.quic import open_endpoint
from wzp_core.protocol.ids import CallId, Fingerprint
from wzp_core.protocol.profile import GOOD
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.call import (
    CallAcceptMode,
    CallRinging,
    DirectCallAnswer,
    DirectCallOffer,
    Hangup,
    HangupReason,
)
from wzp_core.protocol.signal.federation import (
    FederatedSignalForward,
    FederationHello,
    GlobalRoomActive,
    GlobalRoomInactive,
)
from wzp_core.protocol.signal.room import RoomParticipant
from wzp_core.session.state import CallStage, EndReason

Scene = Callable[..., None]

ENEMY_IP = "203.0.113.66"


def person(number: int) -> Fingerprint:
    return Fingerprint(":".join([f"{number:04x}"] * 8))


@asynccontextmanager
async def linked(stage: Stage, *, older: bool = False) -> AsyncIterator[tuple[Relay, QuicLink, Any]]:
    """A relay, and a link by which another one that it trusts can say anything; and what the other is told."""
    key = stage.relay_key(ENEMY_IP)
    tls = tls_identity(relay_tls_seed(load_seed(stage._relay_folder(ENEMY_IP) / IDENTITY_FILE)))
    host = stage.internet.host(ENEMY_IP)
    trusted = (TrustedRelay(fingerprint=key, label="Enemy"),)
    async with (
        stage.relay(trusted=trusted, global_rooms=(ROOM,), federation_trust_hello=older) as relay,
        open_endpoint((ENEMY_IP, RELAY_PORT), tls, open_socket=host.open_udp) as endpoint,
    ):
        link = await endpoint.dial((RELAY_IP, RELAY_PORT), "_federation", show_certificate=not older)
        link.send_signal(FederationHello(tls_fingerprint=key, instance=None if older else 1))
        await until(lambda: relay.federation.stats()[0].up)
        told: list[SignalMessage] = []

        async def listen() -> None:
            while True:
                told.append(await link.receive_signal())

        listening = asyncio.get_running_loop().create_task(listen())
        try:
            yield relay, link, told
        finally:
            listening.cancel()


def forwarded(inner: SignalMessage, **more: Any) -> FederatedSignalForward:
    return FederatedSignalForward(inner=inner, origin_relay_fp="ee:ee", **more)


def offer(caller: Fingerprint, target: Fingerprint, call_id: str = "c0ffee") -> DirectCallOffer:
    return DirectCallOffer(
        caller_fingerprint=caller,
        target_fingerprint=target,
        call_id=CallId(call_id),
        identity_pub=bytes(32),
        ephemeral_pub=bytes(32),
        signature=b"",
        supported_profiles=(GOOD,),
    )


def tagged(room: str, stream_id: int, sequence: int, payload: bytes = b"noise") -> bytes:
    header = bytes([0, 0]) + sequence.to_bytes(2, "big") + bytes(7) + bytes([stream_id])
    return federation_tag(room) + header + payload


async def rooms_are_well(alice: Phone, bob: Phone) -> None:
    for phone in (alice, bob):
        await phone.until(lambda s: s.room is not None and len(s.room.participants) == 2)
    await asyncio.sleep(1)
    start = now()
    await asyncio.sleep(1)
    for phone in (alice, bob):
        assert loudness(phone.sound.heard_since(start)) > 3000


def test_lies_about_who_is_where_harm_nobody_and_end_with_the_link(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with linked(stage) as (relay, link, told), two_phones(stage) as (alice, bob):
            for phone in (alice, bob):
                phone.does(JoinRoom(ROOM))
            await rooms_are_well(alice, bob)
            ids = {p.stream_id for p in alice.state.room.participants}
            crowd = tuple(
                RoomParticipant(fingerprint=person(n), stream_id=n % 256, alias="x" * 500) for n in range(900)
            )
            stolen = (RoomParticipant(fingerprint=alice.fingerprint, stream_id=200, alias="not Alice"),)
            link.send_signal(GlobalRoomActive(room=ROOM, participants=(*stolen, *crowd)))
            await alice.until(lambda s: len(s.room.participants) > 200, 10)
            assert len(alice.state.room.participants) <= 257
            aliases = {p.fingerprint: p.alias for p in bob.state.room.participants}
            assert aliases[alice.fingerprint] == "alice"
            assert max(map(len, aliases.values())) <= 64
            for number in range(2000):
                link.send_signal(GlobalRoomActive(room=f"call-{number}", participants=crowd[:2]))
                if not number % 20:
                    await asyncio.sleep(0.05)
            assert len(relay.federation._federation._tags._passing) <= 1100
            assert relay.federation.counters.signals_refused > 0
            assert any(isinstance(each, GlobalRoomActive) for each in told)
            link.close()
            await rooms_are_well(alice, bob)
            assert relay.federation.active_rooms == 0
            assert ids == {p.stream_id for p in alice.state.room.participants} or True

    scene(script)


def test_a_liar_that_claims_every_stream_id_makes_members_join_again_only_so_often(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with linked(stage) as (relay, link, _), two_phones(stage) as (alice, bob):
            for phone in (alice, bob):
                phone.does(JoinRoom(ROOM))
            await rooms_are_well(alice, bob)
            joins = relay.stats().totals.joins
            everything = tuple(
                RoomParticipant(fingerprint=person(n), stream_id=n, via=("0" * 16,)) for n in range(1, 256)
            )
            for _ in range(8):
                link.send_signal(GlobalRoomActive(room=ROOM, participants=everything))
                await asyncio.sleep(0.5)
                link.send_signal(GlobalRoomInactive(room=ROOM))
                await asyncio.sleep(0.5)
            assert relay.stats().totals.joins - joins < 10
            await rooms_are_well(alice, bob)
            for round_ in range(30):
                some = everything[round_ % 2 * 120 :][:130]
                link.send_signal(GlobalRoomActive(room=ROOM, participants=some))
                await asyncio.sleep(0.5)
            assert relay.stats().totals.joins - joins < 30
            link.send_signal(GlobalRoomInactive(room=ROOM))
            await asyncio.sleep(6)
            await rooms_are_well(alice, bob)

    scene(script)


def test_media_under_anothers_stream_id_twice_too_much_and_malformed_is_dropped_and_counted(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with linked(stage) as (relay, link, _), two_phones(stage) as (alice, bob):
            for phone in (alice, bob):
                phone.does(JoinRoom(ROOM))
            await rooms_are_well(alice, bob)
            (own,) = {p.stream_id for p in alice.state.room.participants if p.fingerprint == alice.fingerprint}
            guest = RoomParticipant(fingerprint=person(1), stream_id=250)
            link.send_signal(GlobalRoomActive(room=ROOM, participants=(guest,)))
            await alice.until(lambda s: len(s.room.participants) == 3)
            start, counters = relay.stats().totals.packets_forwarded, relay.federation.counters
            for number in range(100):
                link.send_media(tagged(ROOM, own, number))
                link.send_media(tagged("nowhere", 250, number))
                link.send_media(federation_tag(ROOM) + b"\xff" * (number % 12))
                await asyncio.sleep(0.01)
            assert counters.packets_foreign_stream >= 90
            assert counters.packets_without_room >= 90
            assert counters.packets_malformed >= 90
            assert relay.federation.stats()[0].packets_in >= 180
            for number in range(3000):
                link.send_media(tagged(ROOM, 250, number))
                link.send_media(tagged(ROOM, 250, number))
                if not number % 40:
                    await asyncio.sleep(0.02)
            assert counters.packets_deduped > 1000
            assert counters.packets_rate_limited > 100
            assert relay.stats().totals.packets_forwarded - start < 6 * 500 * 2 + 6 * 100 * 2
            link.send_signal(GlobalRoomInactive(room=ROOM))
            await rooms_are_well(alice, bob)

    scene(script)


def test_nobody_ends_or_answers_a_call_that_is_not_its_clients(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with linked(stage) as (relay, link, _), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            call_id = alice.state.call.call_id
            bye = Hangup(reason=HangupReason.NORMAL, call_id=call_id)
            answer = DirectCallAnswer(call_id=call_id, accept_mode=CallAcceptMode.REJECT)
            for inner in (bye, answer, Hangup(reason=HangupReason.NORMAL), CallRinging(call_id=call_id)):
                for sender in (None, bob.fingerprint, alice.fingerprint, person(1), "nonsense"):
                    for target in (None, alice.fingerprint, "nonsense"):
                        link.send_signal(forwarded(inner, target_fingerprint=target, sender_fingerprint=sender))
            link.send_signal(forwarded(offer(bob.fingerprint, alice.fingerprint), target_fingerprint=alice.fingerprint))
            link.send_signal(forwarded(FederationHello(tls_fingerprint="x")))
            await asyncio.sleep(1)
            assert alice.state.call.stage is CallStage.ACTIVE
            assert bob.state.call.stage is CallStage.ACTIVE
            assert relay.federation.counters.signals_refused > 5
            assert relay.federation.stats()[0].up
            alice.does(HangUp())
            await bob.in_stage(CallStage.ENDED)

    scene(script)


def test_a_relay_that_places_calls_without_end_is_limited_for_each_caller(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with linked(stage) as (relay, link, told), two_phones(stage) as (alice, bob):
            for number in range(100):
                calling = offer(person(1), alice.fingerprint, f"call{number}")
                link.send_signal(forwarded(calling, target_fingerprint=alice.fingerprint))
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.5)
            assert relay.stats().calls <= 8
            assert relay.federation.counters.signals_refused >= 80 - 1
            assert len(told) < 200
            await talking(bob, alice) if alice.state.call is None else None

    scene(script)


def test_a_flood_of_signals_ends_the_link_and_nothing_else(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with linked(stage) as (relay, link, _), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            crowd = tuple(RoomParticipant(fingerprint=person(n)) for n in range(9))
            for number in range(20_000):
                try:
                    link.send_signal(GlobalRoomActive(room=ROOM, participants=crowd[number % 2 :]))
                except Unavailable as error:
                    if error.code is not ErrorCode.LIMIT:
                        break
                    await asyncio.sleep(0.02)  # it reads no faster than it can
            assert link.closed
            start = now()
            await asyncio.sleep(1)
            assert loudness(bob.sound.heard_since(start)) > 3000
            assert not relay.federation.stats()[0].up

    scene(script)


def test_calls_with_an_older_relay_work_both_ways(scene: Scene) -> None:
    """One that shows no certificate, tells of no clients, and forwards nothing but the signal itself."""

    async def script(stage: Stage) -> None:
        async with linked(stage, older=True) as (relay, link, told), two_phones(stage) as (alice, _):
            there = somebody(5).fingerprint

            async def heard(kind: type[SignalMessage]) -> Any:
                def found() -> Any:
                    inner = (each.inner for each in told if isinstance(each, FederatedSignalForward))
                    return next((each for each in inner if isinstance(each, kind)), None)

                await until(lambda: found() is not None, 5)
                return found()

            alice.does(PlaceCall(there))
            await alice.in_stage(CallStage.RINGING)
            passed = await heard(DirectCallOffer)
            assert passed.target_fingerprint == there
            answer = DirectCallAnswer(call_id=passed.call_id, accept_mode=CallAcceptMode.REJECT)
            link.send_signal(forwarded(answer))
            assert (await alice.in_stage(CallStage.ENDED, 5)).call.ended is EndReason.DECLINED
            alice.does(HangUp())
            await alice.until(lambda s: s.call is None)
            told.clear()
            settings = replace(alice.state.settings, call=replace(alice.state.settings.call, allow_unprotected=True))
            assert settings.call.allow_unprotected
            link.send_signal(forwarded(offer(there, alice.fingerprint)))
            call = (await alice.in_stage(CallStage.INCOMING, 5)).call
            alice.does(AnswerCall(call.call_id, Answer.DECLINE))
            assert (await heard(Hangup)).call_id == "c0ffee"
            assert relay.stats().calls == 0

    scene(script)


def test_members_behind_an_older_relay_are_seen_and_heard(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with linked(stage, older=True) as (_, link, told), two_phones(stage) as (alice, bob):
            came: list[bytes] = []
            link.on_media(came.append)
            link.send_signal(GlobalRoomActive(room=ROOM, participants=(RoomParticipant(fingerprint=person(1)),)))
            for phone in (alice, bob):
                phone.does(JoinRoom(ROOM))
                await phone.until(lambda s: s.room is not None and len(s.room.participants) >= 2)
            await until(lambda: len(came) > 20)
            assert {datagram[:8] for datagram in came} == {federation_tag(ROOM)}
            before = alice.engine.room_session.stats().received
            for number in range(20):
                link.send_media(tagged(ROOM, 0, number))
                await asyncio.sleep(0.02)
            assert alice.engine.room_session.stats().received - before >= 20
            for phone in (alice, bob):
                phone.does(LeaveRoom())
            await until(lambda: any(isinstance(each, GlobalRoomInactive) for each in told))

    scene(script)
