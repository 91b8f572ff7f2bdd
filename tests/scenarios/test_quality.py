"""What is sent follows the user's choice, the peer's ability and the path."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.sim.network import Internet, Line
from tests.sim.script import ALICE_IP, BOB_IP, now, talking, two_phones
from tests.sim.sound import loudness
from tests.sim.world import RELAY_IP, Phone, Stage
from wzp_core.engine.commands import ChangeSettings
from wzp_core.protocol.profile import STUDIO_32K, STUDIO_64K
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.quality import QualityCapability, UpgradeConfirm, UpgradeProposal, UpgradeResponse
from wzp_core.session.state import CallStage
from wzp_core.settings.schema import QUALITIES

Scene = Callable[..., None]
CODEC = {
    "studio-64k": "Opus64k",
    "studio-48k": "Opus48k",
    "studio-32k": "Opus32k",
    "auto": "Opus24k",
    "good": "Opus24k",
    "degraded": "Opus6k",
    "codec2-3200": "Codec2_3200",
    "codec2-1200": "Codec2_1200",
    "lifeboat": "Codec2_1200",
}


def choose(phone: Phone, quality: str) -> None:
    settings = phone.state.settings
    phone.does(ChangeSettings(replace(settings, call=replace(settings.call, quality=quality))))


def test_every_stop_of_the_slider_is_heard_in_one_call(scene: Scene) -> None:
    assert set(CODEC) == set(QUALITIES)

    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            for quality in QUALITIES:
                choose(alice, quality)
                await bob.until(lambda s, codec=CODEC[quality]: s.call.media.quality_rx == codec)  # type: ignore[misc]
                await asyncio.sleep(1.5)
                floor = 3000 if CODEC[quality].startswith("Opus") else 100  # Codec2 is for speech, not for tones
                assert loudness(bob.sound.heard_since(now() - 1)) > floor, quality
            report = bob.engine.calls.report()
            assert report.received.rejected == 0
            assert report.received.no_decoder == 0

    scene(script)


@pytest.mark.parametrize("loss", [0.0, 0.2])
def test_redundancy_follows_the_loss_of_the_path(scene: Scene, loss: float) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            tuned = []
            for _ in range(40):
                await asyncio.sleep(0.5)
                tuned.append(alice.engine.calls._session._media.care._tuner.protection)
            most = max(tuned, key=lambda protection: protection.expected_loss_pct)  # half a second's loss may be none
            got = bob.engine.calls.report().received
            if loss:
                assert most.expected_loss_pct > 3
                assert most.repeats
                assert got.dred_frames + got.fec_frames > got.plc_frames
            else:
                assert (most.expected_loss_pct, most.repeats) == (0, ())
                assert got.concealed_ms < 200

    scene(script, Internet(line=Line(delay_s=0.02, loss=loss / 2)))


def test_repeats_come_as_far_apart_as_the_peer_loses_in_a_row_and_go_on_while_they_help(scene: Scene) -> None:
    """The loss is behind the relay, where only the peer can see it, even if all of it is rebuilt."""

    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            care = alice.engine.calls._session._media.care
            stage.internet.lines[RELAY_IP, BOB_IP] = Line(delay_s=0.02, loss=0.12, burst=7)
            await asyncio.sleep(30)
            told, repeated = [], []
            for _ in range(60):
                await asyncio.sleep(0.5)
                told.append(care._peer_burst)
                repeated.append(care._tuner.protection.repeats)
            assert 3.5 < sum(told) / len(told) < 11
            assert sum(any(ago >= 4 for ago in repeats) for repeats in repeated) > 40
            got = bob.engine.calls.report().received
            assert got.missed / got.expected > 0.05
            assert got.fec_frames > 2 * got.dred_frames

    scene(script)


def test_codec2_gets_as_many_repairs_as_the_loss_wants(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            choose(alice, "codec2-3200")
            await alice.until(lambda s: s.call.media.quality_tx == "Codec2_3200")
            uplink, shares = alice.engine.calls._session._media.care._pump.uplink, []
            for loss in (0.0, 0.3):
                stage.internet.line = Line(delay_s=0.02, loss=loss)
                await asyncio.sleep(10)
                before = uplink.stats()
                await asyncio.sleep(10)
                after = uplink.stats()
                shares.append((after.repairs - before.repairs) / (after.frames - before.frames))
            assert shares[0] == pytest.approx(0.6, abs=0.15)  # of the profile
            assert shares[1] > 1.2

    scene(script)


def test_a_peer_that_wants_less_is_sent_less_and_a_proposal_gets_its_answer(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            await alice.until(lambda s: s.call.media.tier == "studio-64k", 60)
            call_id, says = bob.state.call.call_id, bob.engine._signalling.send
            says(QualityCapability(call_id=call_id, max_profile=STUDIO_32K))
            await alice.until(lambda s: s.call.media.quality_tx == "Opus32k", 5)
            await asyncio.sleep(40)
            assert alice.state.call.media.tier == "studio-32k"
            heard = list[SignalMessage]()
            bob.engine.calls._session.put, kept = heard.append, bob.engine.calls._session.put
            for number, profile in enumerate((STUDIO_32K, STUDIO_64K)):
                says(UpgradeProposal(call_id=call_id, proposal_id=f"p{number}", proposed_profile=profile))
            await asyncio.sleep(1)
            bob.engine.calls._session.put = kept
            assert [(m.proposal_id, m.accepted) for m in heard if isinstance(m, UpgradeResponse)] == [
                ("p0", True),
                ("p1", False),
            ]
            says(UpgradeConfirm(call_id=call_id, proposal_id="p2", confirmed_profile=STUDIO_64K))
            await alice.until(lambda s: s.call.media.quality_tx == "Opus64k", 60)

    scene(script)


@pytest.mark.parametrize("narrow", ["uplink", "downlink"])
def test_a_link_of_a_trickle_ends_in_the_lifeboat_and_a_wide_one_does_not(scene: Scene, narrow: str) -> None:
    """Audio, its headers and QUIC's acknowledgements share 14 kbit/s."""

    async def script(stage: Stage) -> None:
        async with stage.relay(), two_phones(stage) as (alice, bob):
            await talking(alice, bob)
            await alice.until(lambda s: s.call.media.quality_tx == "Opus32k", 30)
            place = (ALICE_IP, RELAY_IP) if narrow == "uplink" else (RELAY_IP, BOB_IP)
            stage.internet.lines[place] = Line(delay_s=0.02, rate_bit_s=14_000)
            await alice.until(lambda s: s.call.media.quality_tx == "Codec2_1200", 60)
            if narrow == "uplink":  # behind a narrow downlink one's own packets cost acknowledgements on it
                await bob.until(lambda s: s.call.media.quality_tx == "Opus24k", 60)
            await asyncio.sleep(1)
            assert alice.engine.calls._session._media.care.sending.lifeboat
            before = bob.engine.calls.report().received
            await asyncio.sleep(10)
            got = bob.engine.calls.report().received
            assert got.opened - before.opened > 30
            assert alice.state.call.stage is CallStage.ACTIVE
            del stage.internet.lines[place]
            await alice.until(lambda s: s.call.media.quality_tx.startswith("Opus"), 200)

    scene(script)
