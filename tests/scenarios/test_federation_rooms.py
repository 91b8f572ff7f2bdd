"""Rooms that span relays: everybody is seen and heard, once, whatever relay dies and comes back."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.sim.fleet import CHAIN, RING, ROOM, Fleet, Links, fleet, phones
from tests.sim.script import now
from tests.sim.sound import SimSound, loudness, tone
from tests.sim.world import Phone, Stage
from wzp_core.crypto.rooms import room_hash
from wzp_core.engine.commands import JoinRoom, LeaveRoom
from wzp_core.session.state import RoomStage
from wzp_core.settings.schema import AudioSettings, NetworkSettings, Settings

Scene = Callable[..., None]

PITCH = {"alice": 440.0, "bob": 1000.0, "carol": 2000.0}


def sounds() -> dict[str, dict[str, Any]]:
    """Each with a pitch of its own, sent as it is."""
    return {
        name: {
            "sound": SimSound(tone(hz, 1.0)),
            "settings": Settings(
                alias=name,
                audio=AudioSettings(echo_cancellation=False, noise_suppression="off"),
                network=NetworkSettings(use_stun=False, port_mapping=False),
            ),
        }
        for name, hz in PITCH.items()
    }


def homes(relays: Fleet) -> dict[str, str]:
    return {name: relays.address(number) for number, name in enumerate(PITCH)}


async def see_each_other(people: Iterable[Phone], limit_s: float = 10.0) -> None:
    """In the room, and nobody else."""
    names = {phone.fingerprint for phone in people}
    for phone in people:
        await phone.until(
            lambda s: (
                s.room is not None
                and s.room.stage is RoomStage.JOINED
                and {p.fingerprint for p in s.room.participants} == names
            ),
            limit_s,
        )


def hears(phone: Phone, hz: float, since: float) -> bool:
    heard = phone.sound.heard_since(since)
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    around = spectrum[int((hz - 20) * len(heard) / 48_000) : int((hz + 20) * len(heard) / 48_000)]
    return bool(around.max() > 0.1 * spectrum.max() > 1000)


def duplicates(phone: Phone) -> int:
    session = phone.engine.room_session
    assert session is not None
    return session.stats().duplicated


async def hear_each_other(people: list[Phone]) -> None:
    """In the second that follows, and nothing of it twice."""
    pitches, before = list(PITCH.values()), [duplicates(phone) for phone in people]
    start = now()
    await asyncio.sleep(1)
    for place, phone in enumerate(people):
        for other, hz in enumerate(pitches):
            assert hears(phone, hz, start) is (other != place), (place, other)
    assert [duplicates(phone) for phone in people] == before


@pytest.mark.parametrize("links", [CHAIN, RING])
def test_members_on_three_relays_see_and_hear_each_other_once(scene: Scene, links: Links) -> None:
    async def script(stage: Stage) -> None:
        async with fleet(stage, links) as relays, phones(stage, homes(relays), **sounds()) as people:
            for phone in people:
                phone.does(JoinRoom(ROOM))
            await see_each_other(people)
            roster = {p.fingerprint: p for p in people[0].state.room.participants}
            assert len({p.stream_id for p in roster.values()}) == 3
            assert [roster[phone.fingerprint].relay_label is None for phone in people] == [True, False, False]
            await asyncio.sleep(1)
            await hear_each_other(people)
            assert not any(relay.federation.counters.packets_foreign_stream for relay in relays.relays.values())
            people[2].does(LeaveRoom())
            await see_each_other(people[:2], limit_s=1)
            await asyncio.sleep(1)
            start = now()
            await asyncio.sleep(1)
            assert loudness(people[0].sound.heard_since(start)) > 3000
            assert not hears(people[0], PITCH["carol"], start)

    scene(script)


@pytest.mark.parametrize(
    ("links", "victim", "away_s"),
    [(CHAIN, 0, 1.0), (CHAIN, 1, 1.0), (CHAIN, 2, 1.0), (RING, 0, 1.0), (CHAIN, 1, 17.0), (RING, 2, 17.0)],
)
def test_ten_seconds_after_a_killed_relay_is_back_all_is_as_before(
    scene: Scene, links: Links, victim: int, away_s: float
) -> None:
    async def script(stage: Stage) -> None:
        async with fleet(stage, links) as relays, phones(stage, homes(relays), **sounds()) as people:
            for phone in people:
                phone.does(JoinRoom(ROOM))
            await see_each_other(people)
            relays.kill(victim)
            await asyncio.sleep(away_s)
            back = now()
            await relays.start(victim)
            await see_each_other(people)
            await asyncio.sleep(max(0.0, back + 9 - now()))
            await hear_each_other(people)

    scene(script)


def test_while_one_relay_of_a_ring_is_away_the_others_go_on(scene: Scene) -> None:
    links = ((0, 1), (1, 2), (2, 3), (3, 0))

    async def script(stage: Stage) -> None:
        async with fleet(stage, links) as relays:
            home = dict(zip(("alice", "bob"), (relays.address(0), relays.address(2)), strict=True))
            async with phones(stage, home, **sounds()) as people:
                for phone in people:
                    phone.does(JoinRoom(ROOM))
                await see_each_other(people)
                for victim in (1, 3):
                    relays.kill(victim)
                    await asyncio.sleep(7)
                    start = now()
                    await asyncio.sleep(1)
                    assert hears(people[0], PITCH["bob"], start)
                    assert hears(people[1], PITCH["alice"], start)
                    await relays.start(victim)
                    await relays.linked()
                    await asyncio.sleep(1)

    scene(script)


def test_who_joins_by_the_hash_of_the_name_is_in_the_same_room(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with fleet(stage, CHAIN) as relays, phones(stage, homes(relays), **sounds()) as people:
            for phone, name in zip(people, (ROOM, room_hash(ROOM), ROOM.upper()), strict=True):
                phone.does(JoinRoom(name))
            await see_each_other(people)

    scene(script)


def test_two_who_got_one_stream_id_while_their_relays_were_apart_are_told_apart_again(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with fleet(stage, ((0, 1),)) as relays:
            home = dict(zip(("alice", "bob"), (relays.address(0), relays.address(1)), strict=True))
            async with phones(stage, home, **sounds()) as people:
                down = {(relays.ip(0), relays.ip(1)), (relays.ip(1), relays.ip(0))}
                stage.internet.tap = lambda source, target, data: None if (source, target) in down else data
                await asyncio.sleep(20)
                for relay in relays.relays.values():
                    relay.federation._federation.first_stream_id = lambda room: 9  # type: ignore[method-assign]
                for phone in people:
                    phone.does(JoinRoom(ROOM))
                    await phone.until(lambda s: s.room is not None and s.room.stage is RoomStage.JOINED)
                ids = [phone.state.room.participants[0].stream_id for phone in people]
                assert ids == [9, 9]
                stage.internet.tap = None
                await see_each_other(people, limit_s=20)
                for phone in people:
                    await phone.until(lambda s: len({p.stream_id for p in s.room.participants}) == 2)
                await asyncio.sleep(2)
                start = now()
                await asyncio.sleep(1)
                assert hears(people[0], PITCH["bob"], start)
                assert hears(people[1], PITCH["alice"], start)

    scene(script)


@pytest.mark.parametrize("name", [ROOM, "mountain tea"])
def test_a_reload_makes_a_room_span_relays_and_makes_it_a_relays_own_again(scene: Scene, name: str) -> None:
    """While people are in it, who join by its hash."""

    async def script(stage: Stage) -> None:
        async with fleet(stage, ((0, 1),)) as relays:
            all_relays = list(relays.relays.values())

            def span(*rooms: str) -> None:
                for relay in all_relays:
                    assert relay.reconfigure(replace(relay._signals.config, global_rooms=rooms)) == []

            span()
            home = {"alice": relays.address(0), "bob": relays.address(1)}
            async with phones(stage, home, **sounds()) as (alice, bob):
                for phone in (alice, bob):
                    phone.does(JoinRoom(name))
                    await see_each_other([phone])
                for relay in all_relays:  # one after the other: what the neighbour has told before is not lost
                    relay.reconfigure(replace(relay._signals.config, global_rooms=(name,)))
                    await asyncio.sleep(3)
                await see_each_other([alice, bob])
                start = now()
                await asyncio.sleep(1)
                assert hears(alice, PITCH["bob"], start)
                assert hears(bob, PITCH["alice"], start)
                span()
                for phone in (alice, bob):
                    await see_each_other([phone])
                await asyncio.sleep(1)
                start = now()
                await asyncio.sleep(1)
                assert loudness(alice.sound.heard_since(start)) < 100
                span(name)
                await see_each_other([alice, bob])

    scene(script)
