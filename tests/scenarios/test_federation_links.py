"""Relays find each other, keep one link, and find each other again."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from relay.config import TrustedRelay
from relay.serve import Relay
from tests.sim.fleet import ROOM, phones
from tests.sim.script import now
from tests.sim.world import RELAY_PORT, Stage
from wzp_core.engine.commands import JoinRoom

Scene = Callable[..., None]

ONE, TWO = "203.0.113.1", "203.0.113.2"


async def linked(*relays: Relay, limit_s: float = 10.0) -> None:
    """Every configured peer of each of these is up."""
    async with asyncio.timeout(limit_s):
        while not all(peer.up for relay in relays for peer in relay.federation.stats()):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


def links_of(relay: Relay) -> int:
    return len(relay.federation._open)


def test_two_relays_that_list_each_other_keep_exactly_one_link(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(ONE, peers=(stage.peer(TWO),)) as one, stage.relay(TWO, peers=(stage.peer(ONE),)) as two:
            await linked(one, two)
            await asyncio.sleep(30)
            assert (links_of(one), links_of(two)) == (1, 1)
            await linked(one, two, limit_s=0.1)
            assert 15 < one.federation.stats()[0].rtt_ms < 40

    scene(script)


@pytest.mark.parametrize("away_s", [0.5, 12.0, 90.0])
@pytest.mark.parametrize("dialling", ["both", "the one that stays", "the one that returns"])
def test_a_relay_that_was_killed_is_linked_again_soon_after_its_return(
    scene: Scene, away_s: float, dialling: str
) -> None:
    async def script(stage: Stage) -> None:
        def of(ip: str, role: str) -> dict[str, object]:
            peer = stage.peer(ip)
            if dialling in ("both", role):
                return {"peers": (peer,)}
            return {"trusted": (TrustedRelay(fingerprint=peer.fingerprint),)}

        async with stage.relay(ONE, **of(TWO, "the one that stays")) as one:
            killed = stage.relay(TWO, **of(ONE, "the one that returns"))
            await linked(one, await killed.__aenter__())
            await asyncio.sleep(20)
            stage.internet.kill(TWO)
            await asyncio.sleep(away_s)
            async with stage.relay(TWO, **of(ONE, "the one that returns")) as two:
                back = now()
                await linked(two, limit_s=10)
                await asyncio.sleep(max(0.0, back + 10 - now()))
                await linked(one, two, limit_s=0.1)
                assert (links_of(one), links_of(two)) == (1, 1)

    scene(script)


def test_a_relay_that_is_not_trusted_is_refused_and_named_once(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(ONE) as one, stage.relay(TWO, peers=(stage.peer(ONE),)) as two:
            await asyncio.sleep(100)
            assert not two.federation.stats()[0].up
            assert 3 <= one.federation.counters.links_refused <= 6
            assert links_of(one) == 0
        hints = [record.getMessage() for record in caplog.records if "[[trusted]]" in record.getMessage()]
        assert len(hints) == 1
        assert stage.relay_key(TWO) in hints[0]

    scene(script)


def test_a_peer_with_another_certificate_than_configured_is_told_nothing(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with AsyncExitStack() as relays:
            impostor = stage.peer(TWO)
            one = await relays.enter_async_context(
                stage.relay(ONE, peers=(type(impostor)(url=impostor.url, fingerprint=stage.relay_key("203.0.113.9")),))
            )
            two = await relays.enter_async_context(stage.relay(TWO, peers=(stage.peer(ONE),)))
            await asyncio.sleep(60)
            assert not one.federation.stats()[0].up
            assert not two.federation.stats()[0].up
            assert two.stats().totals.signals_received == 0

    scene(script)


def test_relays_that_are_listed_while_both_run_share_their_rooms_and_those_that_are_struck_off_do_not(
    scene: Scene,
) -> None:
    async def script(stage: Stage) -> None:
        rooms = {"global_rooms": (ROOM,)}
        async with stage.relay(ONE, **rooms) as one, stage.relay(TWO, **rooms) as two:
            home = {"alice": f"{ONE}:{RELAY_PORT}", "bob": f"{TWO}:{RELAY_PORT}"}
            async with phones(stage, home) as (alice, bob):
                for phone in (alice, bob):
                    phone.does(JoinRoom(ROOM))
                    await phone.until(lambda s: s.room is not None and len(s.room.participants) == 1)
                before = one._signals.config
                two.reconfigure(replace(two._signals.config, trusted=(stage.peer(ONE),)))
                assert one.reconfigure(replace(before, peers=(stage.peer(TWO),))) == []
                for phone in (alice, bob):
                    await phone.until(lambda s: len(s.room.participants) == 2 and len(s.present) == 1, 10)
                one.reconfigure(before)
                for phone in (alice, bob):
                    await phone.until(lambda s: len(s.room.participants) == 1 and not s.present, 10)

    scene(script)
