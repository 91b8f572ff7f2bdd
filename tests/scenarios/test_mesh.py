"""Relays that watch each other: A probes B, B probes C."""

import asyncio
from collections.abc import Callable

import pytest

from relay.decide.registry import Remote
from relay.decide.routes import RouteKind
from relay.observe.mesh import mesh_table
from tests.sim.network import Internet, Line
from tests.sim.relays import ANN, BEN, NOBODY, A, B, C, D, at, dialled, registered, text
from tests.sim.world import Stage
from wzp_core.protocol.signal.presence import RouteQuery, RouteResponse

Scene = Callable[..., None]


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


def test_two_who_look_for_the_same_person_at_once_both_get_the_answer(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with (
            stage.relay(C) as c,
            stage.relay(B, probe=at(C)),
            stage.relay(A, probe=at(B)) as a,
            registered(stage, ANN, "198.51.100.1", c),
        ):
            await asyncio.sleep(12)
            routes = await asyncio.gather(*(a.mesh.route(ANN.fingerprint) for _ in range(3)))
            assert {route.relays for route in routes} == {(text(B), text(C))}

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
            stage.internet.down.clear()
            began = loop.time()
            assert (await a.mesh.route(NOBODY)).kind is RouteKind.NOT_FOUND
            assert loop.time() - began < 1.0

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
