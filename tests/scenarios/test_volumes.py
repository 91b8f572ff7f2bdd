"""How loud one person is heard, in rooms and calls."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np

from tests.audio.speech import needs_speech, speech
from tests.sim.script import ALICE_IP, BOB_HZ, BOB_IP, corrupt, now, talking, two_phones
from tests.sim.sound import RATE, SimSound, loudness, tone
from tests.sim.world import Phone, Stage
from wzp_core.engine.commands import ChangeSettings, HangUp, JoinRoom, LeaveRoom, SetVolume
from wzp_core.errors import ErrorCode
from wzp_core.ports import Contact
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.room import RoomUpdate
from wzp_core.session.state import AppState, CallStage, Volume

Scene = Callable[..., None]

CAROL_HZ = 2000.0


def amplitude(phone: Phone, hz: float) -> float:
    """Of one tone in what the phone played in the last half second."""
    heard = phone.sound.heard_since(now() - 0.5).astype(float)
    turns = np.exp(-2j * np.pi * hz * np.arange(heard.size) / 48_000)
    return float(2 * np.abs(np.mean(heard * turns * np.hanning(heard.size))) * 2)


def stream_of(phone: Phone) -> int:
    assert phone.engine.room_session is not None
    return phone.engine.room_session._pump.uplink.stream_id


def volume_of(state: AppState, who: Phone) -> Volume:
    assert state.room is not None
    return next(p.volume for p in state.room.participants if p.fingerprint == who.fingerprint)


@asynccontextmanager
async def room_of_three(stage: Stage) -> AsyncIterator[tuple[Phone, Phone, Phone]]:
    async with (
        two_phones(stage) as (alice, bob),
        stage.phone("carol", "198.51.100.3", sound=SimSound(tone(CAROL_HZ, 1.0, amplitude=4000))) as carol,
    ):
        await carol.online()
        phones = (alice, bob, carol)
        for phone in phones:
            phone.does(JoinRoom("general"))
        for phone in phones:
            await phone.until(lambda s: s.room is not None and len(s.room.participants) == 3)
        await asyncio.sleep(3)
        yield phones


def test_in_a_room_one_is_silenced_and_one_made_louder_and_nobody_else_hears_of_it(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), room_of_three(stage) as (alice, bob, carol):
            before = amplitude(alice, BOB_HZ), amplitude(alice, CAROL_HZ)
            assert before[0] > 3000
            assert before[1] > 1500
            alice.does(SetVolume(bob.fingerprint, percent=0))
            alice.does(SetVolume(carol.fingerprint, percent=200))
            await alice.until(lambda s: volume_of(s, carol).percent == 200)
            await asyncio.sleep(1)
            assert volume_of(alice.state, bob) == Volume(percent=0)
            assert amplitude(alice, BOB_HZ) < 0.01 * before[0]
            assert 1.8 < amplitude(alice, CAROL_HZ) / before[1] < 2.2
            assert amplitude(carol, BOB_HZ) > 0.8 * before[0]

    scene(script)


def test_who_is_muted_in_a_room_stays_so_when_he_comes_in_again(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), room_of_three(stage) as (alice, bob, _):
            alice.does(SetVolume(bob.fingerprint, muted=True))
            await alice.until(lambda s: volume_of(s, bob).muted)
            bob.does(LeaveRoom())
            await alice.until(lambda s: len(s.room.participants) == 2)
            bob.does(JoinRoom("general"))
            await alice.until(lambda s: len(s.room.participants) == 3)
            await asyncio.sleep(2)
            assert volume_of(alice.state, bob).muted
            assert amplitude(alice, BOB_HZ) < 50

    scene(script)


def test_guests_are_told_apart_by_their_streams_and_leave_no_volume_to_the_next_one(scene: Scene) -> None:
    def as_guests(message: SignalMessage) -> SignalMessage:
        if not isinstance(message, RoomUpdate):
            return message
        return replace(
            message, participants=tuple(replace(each, fingerprint="", alias="guest") for each in message.participants)
        )

    async def script(stage: Stage) -> None:
        async with stage.relay() as relay:
            corrupt(relay, as_guests)
            async with room_of_three(stage) as (alice, bob, _):
                before = amplitude(alice, BOB_HZ), amplitude(alice, CAROL_HZ)
                who = next(p.key for p in alice.state.room.participants if p.stream_id == stream_of(bob))
                alice.does(SetVolume(who, percent=0))
                await asyncio.sleep(1)
                assert [p.volume.percent for p in alice.state.room.participants if p.key == who] == [0]
                assert amplitude(alice, BOB_HZ) < 0.01 * before[0]
                assert amplitude(alice, CAROL_HZ) > 0.8 * before[1]
                bob.does(LeaveRoom())
                await alice.until(lambda s: len(s.room.participants) == 2)
                bob.does(JoinRoom("general"))
                await alice.until(lambda s: len(s.room.participants) == 3)
                assert {p.volume for p in alice.state.room.participants} == {Volume()}

    scene(script)


def test_muting_ends_with_the_stay_in_the_room_and_the_volume_stays(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), room_of_three(stage) as (alice, bob, _):
            alice.does(SetVolume(bob.fingerprint, percent=50, muted=True))
            await alice.until(lambda s: volume_of(s, bob).muted)
            alice.does(LeaveRoom())
            await alice.until(lambda s: s.room is None)
            alice.does(JoinRoom("general"))
            await alice.until(lambda s: s.room is not None and len(s.room.participants) == 3)
            assert volume_of(alice.state, bob) == Volume(percent=50)

    scene(script)


def test_a_contacts_volume_is_remembered_over_calls_and_restarts_and_muting_is_not(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            await asyncio.sleep(2)
            usual = loudness(alice.sound.heard_since(now() - 0.5))
            alice.does(SetVolume(bob.fingerprint, percent=50))
            alice.does(SetVolume(bob.fingerprint, muted=True))
            await alice.until(lambda s: s.call.volume == Volume(percent=50, muted=True))
            await asyncio.sleep(2)
            assert loudness(alice.sound.heard_since(now() - 0.5)) == 0.0
            assert loudness(bob.sound.heard_since(now() - 0.5)) > 3000
            assert alice.book.known[bob.fingerprint].volume_percent == 50
            bob.does(HangUp())
            await alice.in_stage(CallStage.ENDED)
            alice.does(HangUp())
            await alice.until(lambda s: s.call is None)
            await talking(alice, bob)
            await asyncio.sleep(2)
            assert alice.state.call.volume == Volume(percent=50)
            assert abs(loudness(alice.sound.heard_since(now() - 0.5)) / usual - 0.5) < 0.05

    scene(script)


def test_a_volume_from_the_phone_book_holds_from_the_first_word(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), stage.phone("bob", "198.51.100.2", sound=SimSound(tone(BOB_HZ, 1.0))) as bob:
            await bob.online()
            known = {bob.fingerprint: Contact(fingerprint=bob.fingerprint, alias="bob", volume_percent=0)}
            async with stage.phone("alice", ALICE_IP, contacts=known) as alice:
                await alice.sees(bob)
                await talking(alice, bob)
                await asyncio.sleep(2)
                assert alice.state.call.volume == Volume(percent=0)
                assert not alice.sound.heard_since(0.0).any()

    scene(script)


@needs_speech
def test_a_quiet_voice_comes_nearer_to_the_usual_loudness_where_the_settings_say_so(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        quiet = (np.concatenate(speech()) / 8).astype(np.int16)
        async with (
            stage.relay(),
            stage.phone("bob", BOB_IP, sound=SimSound(quiet)) as bob,
            stage.phone("alice", ALICE_IP) as alice,
        ):
            await alice.sees(bob)
            await talking(alice, bob)
            rounds = []
            for level_heard in (False, True, False):
                audio = replace(alice.state.settings.audio, level_heard=level_heard)
                alice.does(ChangeSettings(replace(alice.state.settings, audio=audio)))
                await asyncio.sleep(10)
                rounds.append(loudness(alice.sound.heard_since(now() - quiet.size / RATE)))
            before, levelled, after = rounds
            assert levelled > 2.5 * before
            assert 0.9 < after / before < 1.1

    scene(script)


def test_a_slider_in_motion_does_not_write_to_the_disk_at_every_step(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            await asyncio.sleep(2)
            saved = list[Contact]()
            keep = alice.book.save_contact

            async def count(contact: Contact) -> None:
                saved.append(contact)
                await keep(contact)

            alice.book.save_contact = count  # type: ignore[method-assign]
            for percent in range(100, 200):
                alice.does(SetVolume(bob.fingerprint, percent=percent))
                await asyncio.sleep(0.03)
            await asyncio.sleep(2)
            assert [contact.volume_percent for contact in saved][-1] == 199
            assert len(saved) <= 4

    scene(script)


def test_a_volume_out_of_range_is_refused_with_a_notice(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            alice.does(SetVolume(bob.fingerprint, percent=500))
            await alice.until(lambda s: s.notice is not None and s.notice.code is ErrorCode.BAD_VALUE)
            assert alice.state.call.volume == Volume()

    scene(script)
