"""Two whole engines and a relay, on a simulated internet in simulated time."""

import asyncio
from collections.abc import Callable

import numpy as np

from tests.sim.network import Internet, Line
from tests.sim.script import ALICE_HZ, BOB_HZ, now, pitch, talking, two_phones
from tests.sim.sound import SimSound, loudness, tone
from tests.sim.world import Stage
from wzp_core.crypto.badge import Badge
from wzp_core.engine.commands import (
    Answer,
    AnswerCall,
    AnswerTrust,
    CompareSas,
    HangUp,
    JoinRoom,
    LeaveRoom,
    PlaceCall,
    Reconnect,
    SetMuted,
)
from wzp_core.errors import ErrorCode
from wzp_core.protocol.ids import parse_tls_fingerprint
from wzp_core.session.state import CallStage, EndReason, NoAudioReason, RelayPhase, RoomStage, SasStage

Scene = Callable[..., None]


def test_two_people_hear_each_other_and_read_the_same_code(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            codes = [(await p.until(lambda s: s.call.sas.stage is SasStage.READY)).call for p in (alice, bob)]
            assert codes[0].sas.code == codes[1].sas.code
            start = now() + 1
            await asyncio.sleep(3)
            for phone, hz in ((alice, BOB_HZ), (bob, ALICE_HZ)):
                heard = phone.sound.heard_since(start)
                assert loudness(heard) > 3000
                assert abs(pitch(heard) - hz) < 5
                assert phone.state.call.badge is Badge.ENCRYPTED
            alice.does(CompareSas(matches=True))
            await alice.until(lambda s: s.call.badge is Badge.VERIFIED)
            assert alice.book.known[bob.fingerprint].verified
            bob.does(HangUp())
            ended = (await alice.in_stage(CallStage.ENDED)).call
            assert ended.ended is EndReason.PEER_HUNG_UP
            await bob.in_stage(CallStage.ENDED)
            assert [e.direction for e in alice.book.entries.values()] == ["placed"]
            assert [e.direction for e in bob.book.entries.values()] == ["received"]

    scene(script)


def test_a_call_survives_loss_and_reordering(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            await asyncio.sleep(20)
            assert bob.state.call.stage is CallStage.ACTIVE
            assert loudness(bob.sound.heard_since(now() - 10)) > 2000
            assert bob.state.call.media.loss_pct > 0

    scene(script, Internet(line=Line(delay_s=0.03, jitter_s=0.04, loss=0.1)))


def test_a_relay_that_is_killed_and_comes_back_costs_the_call_less_than_three_seconds(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with asyncio.timeout(300):
            relay = stage.relay()
            await relay.__aenter__()
            async with two_phones(stage) as (alice, bob):
                await talking(alice, bob)
                await asyncio.sleep(2)
                stage.internet.kill("203.0.113.1")
                await asyncio.sleep(0.2)
                killed = now()
                async with stage.relay():
                    for phone in (alice, bob):
                        await phone.until(lambda s: s.call.stage is CallStage.RECONNECTING, 5)
                    for phone in (alice, bob):
                        await phone.in_stage(CallStage.ACTIVE, 5)
                    assert now() - killed < 3.0
                    await alice.sees(bob)
                    await bob.sees(alice)
                    await asyncio.sleep(1)
                    assert loudness(bob.sound.heard_since(now() - 0.5)) > 3000
                    assert bob.state.call.badge is Badge.ENCRYPTED
                    alice.does(HangUp())
                    await bob.in_stage(CallStage.ENDED)

    scene(script)


def test_after_a_long_outage_the_call_goes_on_with_fresh_keys(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            media = [p.engine.calls._session._media for p in (alice, bob)]
            before = [m._opener.root for m in media]
            stage.internet.down.add("198.51.100.2")
            await bob.in_stage(CallStage.RECONNECTING)
            await alice.until(lambda s: s.call.media.no_audio is NoAudioReason.UNKNOWN)
            await asyncio.sleep(12)
            stage.internet.down.clear()
            await bob.in_stage(CallStage.ACTIVE)
            await asyncio.sleep(15)
            after = [m._opener.root for m in media]
            assert after[0] == after[1]
            assert after[0] not in before
            for phone in (alice, bob):
                assert loudness(phone.sound.heard_since(now() - 1)) > 3000

    scene(script)


def test_a_relay_that_never_comes_back_ends_the_call_as_lost(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            stage.internet.down.add("203.0.113.1")
            ended = (await alice.in_stage(CallStage.ENDED)).call
            assert ended.ended is EndReason.LOST
            assert alice.state.relay.phase in (RelayPhase.RECONNECTING, RelayPhase.FAILED, RelayPhase.CONNECTING)

    scene(script)


def test_a_busy_phone_says_so_and_its_call_goes_on(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with (
            stage.relay(),
            two_phones(stage) as (alice, bob),
            stage.phone("carol", "198.51.100.3") as carol,
        ):
            await talking(alice, bob)
            await carol.sees(bob)
            carol.does(PlaceCall(bob.fingerprint))
            assert (await carol.in_stage(CallStage.ENDED)).call.ended is EndReason.BUSY
            assert bob.state.call.stage is CallStage.ACTIVE
            missed = (await bob.until(lambda s: s.history)).history[0]
            assert (missed.fingerprint, missed.direction) == (carol.fingerprint, "missed")

    scene(script)


def test_two_who_call_each_other_at_once_end_up_in_one_call(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            alice.does(PlaceCall(bob.fingerprint))
            bob.does(PlaceCall(alice.fingerprint))
            await alice.in_stage(CallStage.ACTIVE)
            await bob.in_stage(CallStage.ACTIVE)
            assert alice.state.call.call_id == bob.state.call.call_id

    scene(script)


def test_a_declined_call_and_one_to_nobody(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            alice.does(PlaceCall(bob.fingerprint))
            call = (await bob.in_stage(CallStage.INCOMING)).call
            bob.does(AnswerCall(call.call_id, Answer.DECLINE))
            assert (await alice.in_stage(CallStage.ENDED)).call.ended is EndReason.DECLINED
            assert [e.direction for e in (await bob.until(lambda s: s.history)).history] == ["declined"]
            alice.does(HangUp())
            await alice.until(lambda s: s.call is None)
            nobody = "0000:0000:0000:0000:0000:0000:0000:0001"
            alice.does(PlaceCall(nobody))
            assert (await alice.in_stage(CallStage.ENDED)).call.ended is EndReason.UNREACHABLE

    scene(script)


def test_nobody_is_muted_in_the_next_call_by_the_mute_of_the_last(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            bob.does(SetMuted(microphone=True, speaker=True))
            await bob.until(lambda s: s.mic_muted and s.speaker_muted and not s.sending_voice)
            bob.does(HangUp())
            await bob.until(lambda s: not s.mic_muted and not s.speaker_muted and s.sending_voice)

    scene(script)


def test_a_muted_peer_is_named_as_the_reason_for_silence(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            bob.does(SetMuted(microphone=True))
            await alice.until(lambda s: s.call.media.no_audio is NoAudioReason.PEER_MUTED)
            await asyncio.sleep(1)
            assert loudness(alice.sound.heard_since(now() - 0.5)) < 50
            bob.does(SetMuted(microphone=False))
            await alice.until(lambda s: s.call.media.no_audio is None)

    scene(script)


def test_a_changed_relay_key_asks_before_anything_is_sent(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay() as relay, stage.phone("alice", "198.51.100.1") as alice:
            await alice.online()
            alice.trust.pins["203.0.113.1:4433"] = parse_tls_fingerprint("ab" * 32)
            alice.engine._signalling.kick()  # type: ignore[union-attr]
            await alice.until(lambda s: s.trust is not None)
            assert alice.state.trust.new == relay.fingerprint
            assert alice.state.relay.error is ErrorCode.RELAY_KEY_CHANGED
            assert relay.stats().clients == 0
            alice.does(AnswerTrust(accept=False))
            await alice.until(lambda s: s.trust is None)
            alice.does(Reconnect())
            await alice.until(lambda s: s.trust is not None)
            alice.does(AnswerTrust(accept=True))
            await alice.online()

    scene(script)


def test_three_in_a_room_hear_each_other(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with (
            stage.relay(),
            two_phones(stage) as (alice, bob),
            stage.phone("carol", "198.51.100.3", sound=SimSound(tone(2000.0, 1.0))) as carol,
        ):
            await carol.online()
            phones = (alice, bob, carol)
            for phone in phones:
                phone.does(JoinRoom("Our Room"))
            for phone in phones:
                await phone.until(lambda s: s.room is not None and len(s.room.participants) == 3)
            assert len({p.stream_id for p in alice.state.room.participants}) == 3
            await asyncio.sleep(3)
            heard = alice.sound.heard_since(now() - 1)
            spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
            for hz in (BOB_HZ, 2000.0):
                around = spectrum[int((hz - 20) * len(heard) / 48_000) : int((hz + 20) * len(heard) / 48_000)]
                assert around.max() > 20 * np.median(spectrum)
            await alice.until(lambda s: sum(p.speaking for p in s.room.participants) >= 2)
            carol.does(LeaveRoom())
            await alice.until(lambda s: len(s.room.participants) == 2 and s.room.stage is RoomStage.JOINED)
            assert carol.state.room is None

    scene(script)
