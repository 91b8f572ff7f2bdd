"""What strangers, liars and noisy relays can do to a relay that others watch."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from relay.config import TrustedRelay
from tests.sim.relays import ANN, BEN, NOBODY, STRANGER, A, B, C, at, dialled, in_room, registered, text
from tests.sim.world import RELAY_PORT, Stage
from wzp_core.crypto.certificate import tls_identity
from wzp_core.io.quic import open_endpoint
from wzp_core.ports import Link
from wzp_core.protocol.ids import Fingerprint
from wzp_core.protocol.signal.presence import Ping, Pong, PresenceUpdate, RouteQuery, RouteResponse

Scene = Callable[..., None]


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


def test_a_peer_by_its_certificate_is_believed_wherever_it_is_and_nobody_else_at_its_address(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with (
            stage.relay(A, probe=at(B), peers=(stage.peer(B), stage.peer(C))) as a,
            stage.relay(C, probe=at(A)) as c,
            registered(stage, ANN, "198.51.100.1", c),
            dialled(stage, B, a, "_probe") as liar,
        ):
            liar.send_signal(PresenceUpdate(fingerprints=(BEN.fingerprint,), relay_addr=text(B)))
            await liar.receive_signal()
            await asyncio.sleep(12)
            assert a.mesh.node.registry.lookup(ANN.fingerprint) is not None
            assert set(a.mesh.node.registry.peers) == {text(C)}

    scene(script)


def test_a_target_with_another_key_than_the_peers_is_down(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        peer = replace(stage.peer(B), fingerprint=stage.relay_key(C))
        async with stage.relay(A, probe=at(B), peers=(peer,)) as a, stage.relay(B):
            await asyncio.sleep(15)
            assert not a.mesh.probes()[0].up

    scene(script)


@pytest.mark.parametrize("speaker", ["prober", "target"])
def test_a_relay_that_signals_without_end_is_left(scene: Scene, speaker: str) -> None:
    async def script(stage: Stage) -> None:
        if speaker == "prober":
            async with stage.relay(A, probe=at(B)) as a, dialled(stage, B, a, "_probe") as link:
                await flood(link)
                return
        bind, keys, socket = ("0.0.0.0", RELAY_PORT), tls_identity(bytes(32)), stage.internet.host(B).open_udp
        async with open_endpoint(bind, keys, open_socket=socket) as target, stage.relay(A, probe=at(B)) as a:
            await flood(await target.accept())
            await asyncio.sleep(1)
            assert not a.mesh.probes()[0].up

    scene(script)


async def flood(link: Link) -> None:
    """Until the other side has had enough, which is soon."""
    async with asyncio.timeout(5):
        while not link.closed:
            for number in range(10):
                link.send_signal(Pong(timestamp_ms=number))
            await asyncio.sleep(0.1)


def test_strangers_have_others_asked_only_so_often(scene: Scene) -> None:
    """Each of their questions would become one to every target."""

    async def script(stage: Stage) -> None:
        async with stage.relay(B) as b, stage.relay(A, probe=at(B)) as a, dialled(stage, STRANGER, a, "_probe") as link:
            for batch in range(8):
                for number in range(10):
                    link.send_signal(RouteQuery(fingerprint=f"{batch} {number}", ttl=1))
                await asyncio.sleep(0.1)
            answers = [await link.receive_signal() for _ in range(80)]
            assert all(isinstance(answer, RouteResponse) and not answer.found for answer in answers)
            assert 20 <= b.stats().totals.route_queries <= 25

    scene(script)


def test_as_many_questions_as_wait_for_a_silent_target_are_bounded(scene: Scene) -> None:
    """The rest is answered at once from what is known; what one relay asks beyond its share is not answered."""

    async def script(stage: Stage) -> None:
        loop = asyncio.get_running_loop()
        async with stage.relay(A, probe=at(B, C)) as a, stage.relay(C), dialled(stage, B, a, "_probe") as link:
            await asyncio.sleep(5)
            stage.internet.down.add(C)
            for number in range(20):
                link.send_signal(RouteQuery(fingerprint=f"{number}", ttl=1))
            began, waited = loop.time(), []
            for number in range(80):
                waited.append(asyncio.ensure_future(a.mesh.route(Fingerprint(f"of mine {number}"))))
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            assert loop.time() == began
            await asyncio.wait(waited)
            assert loop.time() - began > 1
            answers = [await link.receive_signal() for _ in range(16)]
            assert all(isinstance(answer, RouteResponse) for answer in answers)
            link.send_signal(Ping(timestamp_ms=7))
            assert await link.receive_signal() == Pong(timestamp_ms=7)
            assert a.stats().totals.gossip_refused == 4

    scene(script)


def test_targets_and_trust_may_change_while_the_relay_runs(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with (
            stage.relay(A, probe=at(C)) as a,
            stage.relay(B, probe=at(A)) as b,
            registered(stage, BEN, "198.51.100.2", b),
        ):
            registry = a.mesh.node.registry
            await asyncio.sleep(12)
            assert registry.peers == {}
            a.reconfigure(replace(a._signals.config, probe=at(B)))
            await asyncio.sleep(12)
            assert [(probe.target, probe.up) for probe in a.mesh.probes()] == [(text(B), True)]
            assert set(registry.peers) == {text(B)}
            a.reconfigure(replace(a._signals.config, probe=()))
            await asyncio.sleep(45)
            assert (a.mesh.probes(), registry.peers) == ((), {})
            assert b.mesh.probes()[0].up
            a.reconfigure(replace(a._signals.config, trusted=(TrustedRelay(fingerprint=b.fingerprint),)))
            await asyncio.sleep(20)
            assert set(registry.peers) == {text(B)}

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
