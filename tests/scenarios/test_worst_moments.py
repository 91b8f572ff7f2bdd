"""What happens at the worst moment: offers, answers, choices and failures between two steps of a call."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from tests.sim.network import Internet, Line
from tests.sim.script import talking, two_phones
from tests.sim.sound import SimSound
from tests.sim.world import MemoryPhoneBook, Stage
from wzp_core.engine.commands import (
    AnswerTrust,
    ChangeSettings,
    HangUp,
    JoinRoom,
    PlaceCall,
    RestoreIdentity,
)
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.ports import AudioDevice, Contact, HistoryEntry
from wzp_core.protocol.ids import parse_tls_fingerprint
from wzp_core.session.state import CallStage, EndReason, RelayPhase, RoomStage

Scene = Callable[..., None]


class SlowSound(SimSound):
    """Closing real devices takes a while."""

    @asynccontextmanager
    async def open(self, input_name: str, output_name: str) -> AsyncIterator[AudioDevice]:
        async with super().open(input_name, output_name) as device:
            try:
                yield device
            finally:
                await asyncio.sleep(1.0)


def test_a_call_that_comes_while_the_last_ones_devices_close_rings_on_the_screen(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with (
            stage.relay(),
            stage.phone("alice", "198.51.100.1") as alice,
            stage.phone("bob", "198.51.100.2", sound=SlowSound()) as bob,
            stage.phone("carol", "198.51.100.3") as carol,
        ):
            await alice.sees(bob)
            await carol.sees(bob)
            await talking(alice, bob)
            alice.does(HangUp())
            await alice.in_stage(CallStage.ENDED)
            await asyncio.sleep(0.1)
            carol.does(PlaceCall(bob.fingerprint))
            await carol.in_stage(CallStage.RINGING)
            await asyncio.sleep(3)
            assert bob.state.call.stage is CallStage.INCOMING
            assert bob.state.call.peer.fingerprint == carol.fingerprint
            assert [e.direction for e in bob.book.entries.values()] == ["received"]

    scene(script)


def test_a_call_that_was_dismissed_at_once_is_still_in_the_history_and_stays_dismissed(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with (
            stage.relay(),
            stage.phone("alice", "198.51.100.1", sound=SlowSound()) as alice,
            stage.phone("bob", "198.51.100.2") as bob,
        ):
            await alice.sees(bob)
            await talking(alice, bob)
            alice.does(HangUp())
            await asyncio.sleep(0.1)
            alice.does(HangUp())
            await asyncio.sleep(3)
            assert alice.state.call is None
            assert [e.direction for e in alice.book.entries.values()] == ["placed"]

    scene(script)


def test_an_offer_that_comes_while_we_leave_a_room_to_dial_is_not_orphaned(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with (
            stage.relay(),
            stage.phone("alice", "198.51.100.1") as alice,
            stage.phone("bob", "198.51.100.2", sound=SlowSound()) as bob,
            stage.phone("carol", "198.51.100.3") as carol,
        ):
            await alice.sees(bob)
            await carol.sees(bob)
            await bob.sees(alice)
            bob.does(JoinRoom("den"))
            await bob.until(lambda s: s.room is not None and s.room.stage is RoomStage.JOINED)
            await asyncio.sleep(1)
            bob.does(PlaceCall(alice.fingerprint))
            await asyncio.sleep(0.1)
            carol.does(PlaceCall(bob.fingerprint))
            await carol.until(lambda s: s.call is not None and s.call.stage is not CallStage.DIALLING)
            await asyncio.sleep(3)
            shown = bob.state.call
            assert shown is not None
            if shown.peer.fingerprint == carol.fingerprint:
                assert shown.stage is CallStage.INCOMING
                assert alice.state.call is None
            else:
                assert carol.state.call.ended is EndReason.BUSY

    scene(script)


class FullDisk(MemoryPhoneBook):
    async def save_contact(self, contact: Contact) -> None:
        raise Unavailable(ErrorCode.BAD_FILE, why="no space left")

    async def save_history(self, entry: HistoryEntry) -> None:
        raise Unavailable(ErrorCode.BAD_FILE, why="no space left")


def test_a_full_disk_costs_the_memory_of_a_call_and_not_the_phone(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            alice.book.__class__ = FullDisk
            await talking(alice, bob)
            alice.does(HangUp())
            await bob.in_stage(CallStage.ENDED)
            await alice.until(lambda s: s.notice is not None and s.notice.code is ErrorCode.BAD_FILE)
            await talking(alice, bob)

    scene(script)


def test_a_word_about_one_key_is_none_about_another(scene: Scene) -> None:
    """Alice wants to call the new Bob; while she is asked, a new Carol calls, is asked about, and gives up."""

    async def script(stage: Stage) -> None:
        async with (
            stage.relay(),
            stage.phone("alice", "198.51.100.1") as alice,
            stage.phone("bob", "198.51.100.2") as bob,
            stage.phone("carol", "198.51.100.3") as carol,
        ):
            await alice.sees(bob)
            await alice.sees(carol)
            await carol.sees(alice)
            for n, name in enumerate(("bob", "carol")):
                old = ":".join([f"000{n}"] * 8)
                alice.engine._people.contacts[old] = Contact(fingerprint=old, alias=name)
            alice.does(PlaceCall(bob.fingerprint))
            await alice.until(lambda s: s.trust is not None)
            carol.does(PlaceCall(alice.fingerprint))
            await alice.in_stage(CallStage.INCOMING)
            await carol.in_stage(CallStage.RINGING)
            carol.does(HangUp())
            await alice.in_stage(CallStage.ENDED)
            alice.does(AnswerTrust(accept=True))
            await asyncio.sleep(2)
            assert alice.state.trust is None
            assert bob.state.call is None

    scene(script)


def test_a_no_to_a_question_about_a_call_that_is_over_leaves_the_present_one_alone(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with (
            stage.relay(),
            two_phones(stage) as (alice, bob),
            stage.phone("carol", "198.51.100.3") as carol,
        ):
            await carol.sees(alice)
            old = ":".join(["0001"] * 8)
            alice.engine._people.contacts[old] = Contact(fingerprint=old, alias="carol")
            carol.does(PlaceCall(alice.fingerprint))
            await alice.until(lambda s: s.trust is not None)
            await carol.in_stage(CallStage.RINGING)
            carol.does(HangUp())
            await alice.in_stage(CallStage.ENDED)
            await talking(alice, bob)
            alice.does(AnswerTrust(accept=False))
            await asyncio.sleep(2)
            assert alice.state.call.stage is CallStage.ACTIVE

    scene(script)


def test_an_answer_to_a_question_that_is_asked_no_more_answers_nothing(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, stage.phone("alice", "198.51.100.1") as alice:
            await alice.online()
            alice.trust.pins["203.0.113.1:4433"] = old = parse_tls_fingerprint("ab" * 32)
            alice.engine._signalling.kick()
            asked = (await alice.until(lambda s: s.trust is not None)).trust
            alice.does(AnswerTrust(accept=True, question=replace(asked, new=old)))
            await asyncio.sleep(2)
            assert alice.state.trust == asked
            assert relay.stats().clients == 0
            alice.does(AnswerTrust(accept=True, question=asked))
            await alice.online()

    scene(script)


def test_a_relay_chosen_while_another_is_being_dialled_is_the_one_that_is_used(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), stage.relay("203.0.113.2"), stage.phone("alice", "198.51.100.1") as alice:
            await alice.until(lambda s: s.relay.phase is RelayPhase.CONNECTING)
            await asyncio.sleep(0.3)
            chosen = replace(alice.state.settings.relay, selected="203.0.113.2:4433")
            alice.does(ChangeSettings(replace(alice.state.settings, relay=chosen)))
            await asyncio.sleep(5)
            assert alice.state.relay.phase is RelayPhase.ONLINE
            assert alice.state.relay.address == "203.0.113.2:4433"

    scene(script, Internet(line=Line(delay_s=0.2)))


def test_another_relay_chosen_in_a_call_waits_for_its_end(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), stage.relay("203.0.113.2"), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            chosen = replace(alice.state.settings.relay, selected="203.0.113.2:4433")
            alice.does(ChangeSettings(replace(alice.state.settings, relay=chosen)))
            await asyncio.sleep(2)
            bob.does(HangUp())
            assert (await alice.in_stage(CallStage.ENDED, 5)).call.ended is EndReason.PEER_HUNG_UP
            await alice.until(lambda s: s.relay.address == "203.0.113.2:4433" and s.relay.phase is RelayPhase.ONLINE, 5)

    scene(script)


def test_the_identity_is_not_replaced_under_a_running_call(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            before = alice.fingerprint
            alice.does(RestoreIdentity("07" * 32))
            await alice.until(lambda s: s.notice is not None)
            assert alice.state.notice.code is ErrorCode.BUSY
            assert alice.fingerprint == before
            alice.does(HangUp())
            await bob.in_stage(CallStage.ENDED)
            alice.does(RestoreIdentity("07" * 32))
            await alice.until(lambda s: s.me.fingerprint != before)
            await bob.sees(alice)

    scene(script)


def test_who_quits_in_a_call_says_goodbye(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), stage.phone("bob", "198.51.100.2") as bob:
            async with stage.phone("alice", "198.51.100.1") as alice:
                await alice.sees(bob)
                await bob.sees(alice)
                await talking(alice, bob)
            ended = (await bob.in_stage(CallStage.ENDED, 2)).call
            assert ended.ended is EndReason.PEER_HUNG_UP

    scene(script)


def test_two_devices_with_one_identity_do_not_storm_the_relay(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with (
            stage.relay() as relay,
            stage.phone("one", "198.51.100.1", seed=b"\x05" * 32),
            stage.phone("two", "198.51.100.2", seed=b"\x05" * 32),
        ):
            await asyncio.sleep(60)
            assert relay.stats().totals.registrations < 40

    scene(script)


def test_a_call_without_a_relay_is_refused_at_once(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.phone("alice", "198.51.100.1") as alice:
            await alice.until(lambda s: s.me is not None and s.relay.phase is not RelayPhase.OFFLINE)
            alice.does(PlaceCall(":".join(["0001"] * 8)))
            await alice.until(lambda s: s.notice is not None, 1)
            assert alice.state.notice.code is ErrorCode.NOT_REGISTERED
            assert alice.state.call is None

    scene(script)


def test_a_relay_that_refuses_a_room_is_not_asked_four_times_a_second_for_ever(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(max_sessions=1) as relay, two_phones(stage) as (alice, bob):
            bob.does(JoinRoom("attic"))
            await bob.until(lambda s: s.room is not None and s.room.stage is RoomStage.JOINED)
            alice.does(JoinRoom("den"))
            await asyncio.sleep(60)
            assert 3 < relay.stats().totals.joins_refused < 30

    scene(script)
