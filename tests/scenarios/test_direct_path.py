"""Calls that leave the relay and come back to it, through routers of every kind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from tests.sim.network import Internet, Line, Router
from tests.sim.script import ALICE_HZ, BOB_HZ, now, pitch, talking
from tests.sim.sound import SimSound, loudness, tone
from tests.sim.world import RELAY_IP, STUN, Phone, Stage
from wzp_core.crypto.badge import Badge
from wzp_core.crypto.certificate import tls_identity
from wzp_core.engine.commands import Answer, AnswerCall, ChangeSettings, HangUp, PlaceCall
from wzp_core.errors import Unavailable
from wzp_core.io.quic import open_endpoint
from wzp_core.nat.probe import Probe, ProbeKind, encode_probe, probe_key
from wzp_core.nat.race import direct_sni
from wzp_core.protocol.signal.path import PathProof
from wzp_core.session.state import CallStage, EndReason, PathReason
from wzp_core.settings.schema import NetworkSettings

Scene = Callable[..., None]

ALICE_INSIDE, BOB_INSIDE = "192.168.1.2", "192.168.7.3"
ALICE_OUTSIDE, BOB_OUTSIDE = "198.51.100.1", "198.51.100.2"


@asynccontextmanager
async def behind(stage: Stage, alice: Router | None, bob: Router | None) -> AsyncIterator[tuple[Phone, Phone]]:
    places = []
    for router, inside, outside in ((alice, ALICE_INSIDE, ALICE_OUTSIDE), (bob, BOB_INSIDE, BOB_OUTSIDE)):
        if router is not None:
            stage.internet.router(router, inside)
        places.append(inside if router is not None else outside)
    with stage.stun_servers():
        async with (
            stage.phone("alice", places[0], sound=SimSound(tone(ALICE_HZ, 1.0))) as one,
            stage.phone("bob", places[1], sound=SimSound(tone(BOB_HZ, 1.0))) as two,
        ):
            await one.sees(two)
            await two.sees(one)
            await asyncio.sleep(2)
            yield one, two


async def direct(*phones: Phone, limit_s: float = 15.0) -> None:
    for phone in phones:
        await phone.until(lambda s: s.call.media.path == "direct", limit_s)


async def heard_well(alice: Phone, bob: Phone, since: float) -> None:
    for phone, hz in ((alice, BOB_HZ), (bob, ALICE_HZ)):
        heard = phone.sound.heard_since(since)
        assert loudness(heard) > 3000
        assert abs(pitch(heard) - hz) < 5


ROUTERS = {
    "open": None,
    "full cone": {"filtering": "none"},
    "address": {"filtering": "address"},
    "port": {},
    "sequential": {"symmetric": True, "allocation": "sequential"},
    "by twos": {"symmetric": True, "allocation": "sequential", "delta": 2},
    "random": {"symmetric": True, "allocation": "random"},
}


def router(kind: str, ip: str) -> Router | None:
    behaviour = ROUTERS[kind]
    return None if behaviour is None else Router(ip, **behaviour)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("open", "open"),
        ("port", "open"),
        ("open", "port"),
        ("full cone", "port"),
        ("address", "address"),
        ("port", "port"),
        ("port", "sequential"),
        ("sequential", "port"),
        ("by twos", "port"),
        ("sequential", "sequential"),
        ("by twos", "sequential"),
        ("port", "random"),
        ("random", "port"),
    ],
)
def test_two_people_behind_these_routers_end_up_talking_directly(scene: Scene, mine: str, theirs: str) -> None:
    async def script(stage: Stage) -> None:
        async with (
            stage.relay(),
            behind(stage, router(mine, ALICE_OUTSIDE), router(theirs, BOB_OUTSIDE)) as (alice, bob),
        ):
            await talking(alice, bob)
            await direct(alice, bob)
            await asyncio.sleep(1.0)
            start = now()
            await asyncio.sleep(1.0)
            await heard_well(alice, bob, start)
            for phone in (alice, bob):
                assert phone.state.call.badge is Badge.ENCRYPTED
                assert phone.state.call.media.path_reason is None

    scene(script, Internet(line=Line(delay_s=0.0125)))


async def silent_after(phone: Phone, began: float) -> float:
    """Seconds without sound since `began`, heard over the next two."""
    await asyncio.sleep(2)
    heard = phone.sound.heard_since(began)[: 2 * 48_000]
    blocks = heard[: heard.size // 480 * 480].reshape(-1, 480).astype(float)
    return float((abs(blocks).max(axis=1) < 300).sum()) * 0.01


def test_moving_to_the_direct_path_is_not_heard(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), behind(stage, Router(ALICE_OUTSIDE), Router(BOB_OUTSIDE)) as (alice, bob):
            await talking(alice, bob)
            began = now()
            await direct(alice, bob)
            await asyncio.sleep(2)
            for phone in (alice, bob):
                got = phone.engine.calls.report()
                assert got.received.concealed_ms <= 60
                assert got.received.duplicated > 5  # both paths carried the packets for a while
                assert got.time_to_direct_ms < 300
            assert await silent_after(alice, began + 0.3) <= 0.06

    scene(script, Internet(line=Line(delay_s=0.0125)))


def test_a_direct_path_that_is_cut_costs_less_than_a_second_and_comes_back(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), behind(stage, Router(ALICE_OUTSIDE), Router(BOB_OUTSIDE)) as (alice, bob):
            await talking(alice, bob)
            await direct(alice, bob)
            await asyncio.sleep(2)
            inside = {ALICE_OUTSIDE, BOB_OUTSIDE, ALICE_INSIDE, BOB_INSIDE}
            stage.internet.tap = lambda source, target, data: None if {source, target} <= inside else data
            cut = now()
            for phone in (alice, bob):
                await phone.until(lambda s: s.call.media.path == "relay", 2)
            assert now() - cut < 1.5
            assert await silent_after(bob, cut) <= 1.0
            assert alice.state.call.stage is CallStage.ACTIVE
            stage.internet.tap = None
            await direct(alice, bob, limit_s=60)
            await asyncio.sleep(1)
            await heard_well(alice, bob, now() - 0.5)

    scene(script, Internet(line=Line(delay_s=0.0125)))


def test_a_direct_call_outlives_the_relay_and_its_end_is_heard_of_without_it(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), behind(stage, None, None) as (alice, bob):
            await talking(alice, bob)
            await direct(alice, bob)
            stage.internet.down.add(RELAY_IP)
            await asyncio.sleep(60)
            await heard_well(alice, bob, now() - 1)
            assert alice.state.call.stage is CallStage.ACTIVE
            alice.does(HangUp())
            ended = (await bob.in_stage(CallStage.ENDED, 2)).call
            assert ended.ended is EndReason.PEER_HUNG_UP

    scene(script)


@pytest.mark.parametrize("who", ["callee answers privately", "caller's setting", "callee's setting"])
def test_who_wants_the_relay_only_shows_no_address_to_the_peer(scene: Scene, who: str) -> None:
    async def script(stage: Stage) -> None:
        met = set[tuple[str, str]]()

        def tap(source: str, target: str, data: bytes) -> bytes:
            met.add((source, target))
            return data

        relay_only = NetworkSettings(path="relay", stun_servers=STUN)
        hidden_caller, hidden_callee = who == "caller's setting", who == "callee's setting"
        with stage.stun_servers():
            async with (
                stage.relay(),
                stage.phone("alice", ALICE_OUTSIDE, network=relay_only if hidden_caller else None) as alice,
                stage.phone("bob", BOB_OUTSIDE, network=relay_only if hidden_callee else None) as bob,
            ):
                await alice.sees(bob)
                stage.internet.tap = tap
                await talking(alice, bob, Answer.PRIVATE if who.startswith("callee answers") else Answer.TRUSTED)
                await asyncio.sleep(10)
                assert alice.state.call.media.path == bob.state.call.media.path == "relay"
                whose = alice if hidden_caller else bob
                reason = PathReason.SETTING if hidden_caller or hidden_callee else PathReason.PRIVATE
                assert whose.state.call.media.path_reason is reason
        hidden = ALICE_OUTSIDE if hidden_caller else BOB_OUTSIDE
        spoke_to = {target for source, target in met if source == hidden} | {s for s, target in met if target == hidden}
        assert spoke_to <= {RELAY_IP, *(server.split(":")[0] for server in STUN.split() if who.startswith("callee a"))}

    scene(script)


def test_a_stranger_with_the_address_gets_no_answer_and_cannot_become_the_peer(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        answered: list[bytes] = []
        async with (
            stage.relay(),
            behind(stage, None, None) as (alice, bob),
            open_endpoint(
                ("0.0.0.0", 0), tls_identity(b"\x09" * 32), open_socket=stage.internet.host("198.51.100.66").open_udp
            ) as stranger,
        ):
            stranger.on_raw(lambda data, _address, _port: answered.append(data) is None)
            await talking(alice, bob)
            call_id = alice.state.call.call_id
            target = (BOB_OUTSIDE, bob.engine.calls._direct.endpoint.local_address[1])
            key = probe_key(bytes(32))
            for number in range(50):
                probe = Probe(kind=ProbeKind.REQUEST, from_caller=bool(number % 2), nonce=number.to_bytes(16, "big"))
                stranger.send_raw(encode_probe(probe, key), target)
                stranger.send_raw(bytes(40), target)
            with suppress(Unavailable):
                link = await stranger.dial(target, direct_sni(call_id), timeout_s=2)
                link.send_signal(PathProof(call_id=call_id, role="dialer", mac=bytes(32)))
                await asyncio.wait_for(link.wait_closed(), 5)
            await direct(alice, bob)
            await asyncio.sleep(1)
            await heard_well(alice, bob, now() - 0.5)
            assert answered == []

    scene(script, Internet(line=Line(delay_s=0.0125)))


def test_a_router_that_counted_on_while_it_rang_is_still_foreseen(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        counting = router("sequential", ALICE_OUTSIDE)
        async with stage.relay(), behind(stage, counting, Router(BOB_OUTSIDE)) as (alice, bob):
            alice.does(PlaceCall(bob.fingerprint))
            call = (await bob.in_stage(CallStage.INCOMING)).call
            await asyncio.sleep(15)
            counting._next += 700  # what others took meanwhile
            bob.does(AnswerCall(call.call_id, Answer.TRUSTED))
            await direct(alice, bob, limit_s=3)

    scene(script, Internet(line=Line(delay_s=0.0125)))


def test_two_random_routers_stay_on_the_relay_and_say_why(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        hard = [router("random", ip) for ip in (ALICE_OUTSIDE, BOB_OUTSIDE)]
        async with stage.relay(), behind(stage, *hard) as (alice, bob):
            await talking(alice, bob)
            for phone in (alice, bob):
                await phone.until(lambda s: s.call.media.path_reason is PathReason.NAT_TOO_HARD, 20)
            await heard_well(alice, bob, now() - 0.5)

    scene(script, Internet(line=Line(delay_s=0.0125)))


def test_a_user_who_wants_the_relay_only_has_it_in_the_call_that_runs(scene: Scene) -> None:
    def allow(phone: Phone, path: str) -> None:
        settings = phone.state.settings
        phone.does(ChangeSettings(replace(settings, network=replace(settings.network, path=path))))

    async def script(stage: Stage) -> None:
        async with stage.relay(), behind(stage, Router(ALICE_OUTSIDE), Router(BOB_OUTSIDE)) as (alice, bob):
            await talking(alice, bob)
            await direct(alice, bob)
            allow(alice, "relay")
            for phone in (alice, bob):
                await phone.until(lambda s: s.call.media.path == "relay", 2.0)
            await alice.until(lambda s: s.call.media.path_reason is PathReason.SETTING, 2.0)
            await asyncio.sleep(40)
            assert alice.state.call.media.path == bob.state.call.media.path == "relay"
            await heard_well(alice, bob, now() - 1)
            allow(alice, "auto")
            await direct(alice, bob)

    scene(script)
