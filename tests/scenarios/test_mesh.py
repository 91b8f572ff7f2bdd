"""Relays that watch each other: A probes B, B probes C, and a stranger tells lies."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from relay.decide.registry import Remote
from relay.decide.routes import RouteKind
from relay.observe.mesh import mesh_table
from relay.serve import Relay
from tests.sim.network import Internet, Line
from tests.sim.world import RELAY_PORT, Stage
from wzp_core.crypto.handshake import call_offer, register_presence
from wzp_core.crypto.identity import Identity
from wzp_core.io.quic import open_endpoint
from wzp_core.ports import Link
from wzp_core.protocol.ids import Fingerprint
from wzp_core.protocol.signal.call import CallAnswer
from wzp_core.protocol.signal.presence import Ping, Pong, PresenceUpdate, RegisterPresenceAck, RouteQuery, RouteResponse

Scene = Callable[..., None]

A, B, C, D = (f"203.0.113.{number}" for number in (1, 5, 6, 7))
STRANGER = "198.51.100.66"
ANN, BEN = Identity.from_seed(bytes([1]) * 32), Identity.from_seed(bytes([2]) * 32)
NOBODY = Fingerprint("0000:0000:0000:0000:0000:0000:0000:0000")


def at(*ips: str) -> tuple[tuple[str, int], ...]:
    return tuple((ip, RELAY_PORT) for ip in ips)


def text(ip: str) -> str:
    return f"{ip}:{RELAY_PORT}"


@asynccontextmanager
async def dialled(stage: Stage, ip: str, relay: Relay, server_name: str) -> AsyncIterator[Link]:
    address = (relay.mesh.node.own_address().partition(":")[0], RELAY_PORT)
    async with open_endpoint(("0.0.0.0", 0), open_socket=stage.internet.host(ip).open_udp) as endpoint:
        yield await endpoint.dial(address, server_name)


@asynccontextmanager
async def registered(stage: Stage, who: Identity, ip: str, relay: Relay) -> AsyncIterator[None]:
    async with dialled(stage, ip, relay, "_signal") as link:
        link.send_signal(register_presence(who, alias=None))
        assert isinstance(await link.receive_signal(), RegisterPresenceAck)
        yield


@asynccontextmanager
async def in_room(stage: Stage, who: Identity, ip: str, relay: Relay) -> AsyncIterator[None]:
    async with dialled(stage, ip, relay, "tea") as link:
        link.send_signal(call_offer(who, ephemeral_secret=bytes(range(32))))
        assert isinstance(await link.receive_signal(), CallAnswer)
        yield


def test_somebody_two_relays_away_is_found_as_a_chain(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(C) as c, stage.relay(B, probe=at(C)) as b, stage.relay(A, probe=at(B)) as a:
            async with registered(stage, ANN, "198.51.100.1", c), registered(stage, BEN, "198.51.100.2", b):
                await asyncio.sleep(12)
                assert b.mesh.node.registry.lookup(ANN.fingerprint) == Remote(
                    relay=text(C), last_seen=pytest.approx(1010, abs=3)
                )
                assert a.mesh.node.registry.lookup(ANN.fingerprint) is None
                route = await a.mesh.route(ANN.fingerprint)
                assert (route.kind, route.relays) == (RouteKind.CHAIN, (text(B), text(C)))
                direct = await a.mesh.route(BEN.fingerprint)
                assert (direct.kind, direct.relays) == (RouteKind.DIRECT_PEER, (text(B),))
                assert (await c.mesh.route(ANN.fingerprint)).kind is RouteKind.LOCAL
            await asyncio.sleep(12)
            assert (await a.mesh.route(ANN.fingerprint)).kind is RouteKind.NOT_FOUND

    scene(script)


def test_relays_in_a_circle_answer_at_once_that_somebody_is_nowhere(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(A, probe=at(B)) as a, stage.relay(B, probe=at(C)), stage.relay(C, probe=at(A)):
            await asyncio.sleep(12)
            began = asyncio.get_running_loop().time()
            assert (await a.mesh.route(NOBODY)).kind is RouteKind.NOT_FOUND
            assert asyncio.get_running_loop().time() - began < 0.1
            assert a.stats().totals.route_queries == 0

    scene(script)


def test_round_trip_loss_and_jitter_of_a_line_are_measured(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        stage.internet.lines[(A, B)] = stage.internet.lines[(B, A)] = Line(delay_s=0.04, jitter_s=0.02)
        async with stage.relay(A, probe=at(B)) as a, stage.relay(B):
            await asyncio.sleep(60.5)
            (stats,) = a.mesh.probes()
            assert stats.target == text(B)
            assert stats.up
            assert 80 <= stats.rtt_ms <= 121
            assert 4 <= stats.jitter_ms <= 14
            assert stats.loss_pct == 0.0
            assert "UP" in mesh_table(a.mesh.probes())

    scene(script)


def test_a_target_that_dies_is_down_its_clients_are_forgotten_and_both_come_back(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(A, probe=at(B)) as a:
            first = stage.relay(B)
            async with registered(stage, BEN, "198.51.100.2", await first.__aenter__()):
                await asyncio.sleep(12)
                assert a.mesh.node.registry.lookup(BEN.fingerprint) is not None
                stage.internet.kill(B)
                await asyncio.sleep(15)
                (stats,) = a.mesh.probes()
                assert (stats.up, stats.rtt_ms) == (False, 0.0)
                assert stats.loss_pct > 30
                await asyncio.sleep(30)
                assert a.mesh.node.registry.lookup(BEN.fingerprint) is None
                assert a.mesh.node.registry.peers == {}
            async with stage.relay(B) as second, registered(stage, BEN, "198.51.100.3", second):
                await asyncio.sleep(20)
                assert a.mesh.probes()[0].up
                await asyncio.sleep(10)
                assert a.mesh.node.registry.lookup(BEN.fingerprint) is not None
                await asyncio.sleep(45)
                assert a.mesh.probes()[0].loss_pct == 0.0

    scene(script)


def test_a_stranger_tells_nothing_and_is_told_what_every_client_is_told(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with (
            stage.relay(A, probe=at(B)) as a,
            registered(stage, ANN, "198.51.100.1", a),
            in_room(stage, BEN, "198.51.100.2", a),
            dialled(stage, STRANGER, a, "_probe") as link,
        ):
            link.send_signal(PresenceUpdate(fingerprints=(NOBODY,), relay_addr=text(B)))
            assert await link.receive_signal() == PresenceUpdate(fingerprints=(ANN.fingerprint,), relay_addr=text(A))
            link.send_signal(RouteQuery(fingerprint=NOBODY, ttl=2))
            assert await link.receive_signal() == RouteResponse(fingerprint=NOBODY, found=False, relay_chain=())
            link.send_signal(Ping(timestamp_ms=7))
            assert await link.receive_signal() == Pong(timestamp_ms=7)
            assert set(a.mesh.node.registry.all_known()) == {ANN.fingerprint, BEN.fingerprint}
            assert a.stats().totals.gossip_refused == 1

    scene(script)


def test_a_relay_that_wants_tokens_of_its_clients_tells_strangers_nothing(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with (
            stage.relay(A, probe=at(B), auth_url="http://127.0.0.1:9/") as a,
            dialled(stage, STRANGER, a, "_probe") as stranger,
            dialled(stage, B, a, "_probe") as known,
        ):
            for link in (stranger, known):
                link.send_signal(PresenceUpdate(fingerprints=(), relay_addr=text(B)))
                link.send_signal(RouteQuery(fingerprint=NOBODY, ttl=0))
                link.send_signal(Ping(timestamp_ms=7))
            assert await stranger.receive_signal() == Pong(timestamp_ms=7)
            assert isinstance(await known.receive_signal(), PresenceUpdate)

    scene(script)


def test_strangers_hold_a_bounded_number_of_probe_links_and_known_relays_come_in_all_the_same(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(A, probe=at(B)) as a, AsyncExitStack() as links:
            for number in range(32):
                await links.enter_async_context(dialled(stage, f"198.51.100.{number}", a, "_probe"))
            refused = await links.enter_async_context(dialled(stage, STRANGER, a, "_probe"))
            await refused.wait_closed()
            known = await links.enter_async_context(dialled(stage, B, a, "_probe"))
            known.send_signal(Ping(timestamp_ms=7))
            assert await known.receive_signal() == Pong(timestamp_ms=7)

    scene(script)


def test_a_known_relay_that_lies_about_its_address_is_filed_where_it_is(scene: Scene) -> None:
    """It claims ours, as older relays do, or another target's: it takes nobody of that one."""

    async def script(stage: Stage) -> None:
        async with stage.relay(A, probe=at(B, C)) as a, dialled(stage, C, a, "_probe") as link:
            registry = a.mesh.node.registry
            for claim in (text(A), text(B), "nonsense"):
                link.send_signal(PresenceUpdate(fingerprints=(ANN.fingerprint,), relay_addr=claim))
                assert await link.receive_signal() == PresenceUpdate(fingerprints=(), relay_addr=text(A))
                assert [address.partition(":")[0] for address in registry.peers] == [C]
                await asyncio.sleep(5)
            link.send_signal(PresenceUpdate(fingerprints=(ANN.fingerprint,), relay_addr=text(C)))
            await link.receive_signal()
            assert text(C) in registry.peers

    scene(script)


def test_gossip_that_comes_too_often_is_counted_and_costs_nothing_else(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(A, probe=at(B)) as a, dialled(stage, B, a, "_probe") as link:
            for _ in range(10):
                link.send_signal(PresenceUpdate(fingerprints=(), relay_addr=text(B)))
            link.send_signal(Ping(timestamp_ms=7))
            answers = [await link.receive_signal() for _ in range(4)]
            assert answers[-1] == Pong(timestamp_ms=7)
            assert a.stats().totals.gossip_refused == 7

    scene(script)


def test_a_target_that_answers_no_question_delays_nobody_for_long(scene: Scene) -> None:
    """The searcher waits a bounded time, and a useful answer of another target ends the wait."""

    async def script(stage: Stage) -> None:
        async with (
            stage.relay(A, probe=at(B, D)) as a,
            stage.relay(B),
            stage.relay(C) as c,
            stage.relay(D, probe=at(C)),
            registered(stage, ANN, "198.51.100.1", c),
        ):
            await asyncio.sleep(12)
            stage.internet.down.add(B)
            loop = asyncio.get_running_loop()
            began = loop.time()
            assert (await a.mesh.route(ANN.fingerprint)).relays == (text(D), text(C))
            assert loop.time() - began < 0.1
            assert (await a.mesh.route(NOBODY)).kind is RouteKind.NOT_FOUND
            assert 1.0 < loop.time() - began < 3.0

    scene(script)


def test_a_relay_that_probes_itself_tells_itself_nothing(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(A, probe=at(A)) as a, registered(stage, ANN, "198.51.100.1", a):
            await asyncio.sleep(15)
            assert a.mesh.probes()[0].up
            assert a.mesh.node.registry.peers == {}

    scene(script)


def test_an_older_relay_that_knows_no_list_of_visited_relays_is_asked_and_answers(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with (
            stage.relay(B, probe=at(A)) as b,
            registered(stage, ANN, "198.51.100.1", b),
            dialled(stage, A, b, "_probe") as link,
        ):
            link.send_signal(RouteQuery(fingerprint=ANN.fingerprint, ttl=2))
            answer = await link.receive_signal()
            assert answer == RouteResponse(fingerprint=ANN.fingerprint, found=True, relay_chain=(text(B),))

    scene(script)


def test_probing_ends_with_the_relay_and_over_a_lossy_line_goes_on(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(B), stage.relay(A, probe=at(B)) as a:
            await asyncio.sleep(120)
            assert a.mesh.probes()[0].up

    scene(script, Internet(line=Line(delay_s=0.03, loss=0.2)))
