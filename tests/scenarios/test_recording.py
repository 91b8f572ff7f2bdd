"""A call's sound, recorded for finding faults: what was heard, its reference and what was made of it."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.audio.tracks import tracks_of
from tests.sim.script import ALICE_IP, BOB_IP, talking
from tests.sim.sound import SimSound
from tests.sim.world import Phone, Stage
from wzp_core.dsp.frame import FRAME_SAMPLES, Samples
from wzp_core.dsp.reference import HELD_MS
from wzp_core.engine import recorder
from wzp_core.engine.capture import Processing
from wzp_core.engine.commands import ChangeSettings, HangUp, JoinRoom
from wzp_core.errors import ErrorCode
from wzp_core.io.recording import RecordingFile, RecordingFolder
from wzp_core.session.state import CallStage
from wzp_core.settings.schema import NetworkSettings

Scene = Callable[..., None]

NOISE = np.random.default_rng(1).integers(-8000, 8000, 7 * 48_000).astype(np.int16)  # no two places are alike


@asynccontextmanager
async def recording_call(stage: Stage, processing: Processing):
    """Alice records; nothing is heard twice within seven seconds."""
    network = NetworkSettings(path="relay")
    recordings = RecordingFolder(stage.tmp / "recordings")
    async with (
        stage.relay(),
        stage.phone(
            "alice", ALICE_IP, sound=SimSound(NOISE), network=network, processing=processing, recordings=recordings
        ) as alice,
        stage.phone("bob", BOB_IP, sound=SimSound(NOISE[::-1].copy()), network=network) as bob,
    ):
        await alice.sees(bob)
        await bob.sees(alice)
        await talking(alice, bob)
        yield alice


def switch(phone: Phone, on: bool) -> None:
    settings = phone.state.settings
    phone.does(ChangeSettings(replace(settings, audio=replace(settings.audio, record_debug=on))))


async def recorded(alice: Phone, seconds: float) -> tuple[Samples, ...]:
    switch(alice, True)
    file = (await alice.until(lambda s: s.recording.file)).recording.file
    await asyncio.sleep(seconds)
    switch(alice, False)
    await alice.until(lambda s: not s.recording.file)
    return tuple(tracks_of(Path(file)))


def place_of(part: Samples, whole: Samples) -> int:
    """Where `part` begins in `whole`, sample by sample the same."""
    found = np.flatnonzero(whole == part[0])
    places = [at for at in found if np.array_equal(whole[at : at + part.size], part)]
    assert len(places) == 1
    return int(places[0])


def is_whole(heard: Samples) -> bool:
    """Whether it is the microphone, which begins anew after seven seconds, without a gap."""
    return np.array_equal(heard, NOISE[(place_of(heard[:960], NOISE) + np.arange(heard.size)) % NOISE.size])


def opened_at(played: list[tuple[float, Samples]]) -> float:
    """The speaker gets its first frame 20 ms after the device was opened."""
    return played[0][0] - 0.02


def test_the_three_tracks_belong_together_to_the_sample(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with recording_call(stage, Processing.VOICE_ONLY) as alice:
            heard, reference, sent = await recorded(alice, 2.0)
            assert np.array_equal(heard, sent)  # nothing is done to files
            assert heard.size % FRAME_SAMPLES == 0
            assert heard.size >= 1.9 * 48_000
            assert is_whole(heard), "without a gap"
            played = alice.sound.heard
            spoken = np.concatenate([samples for _, samples in played])
            begins = place_of(reference[48_000:49_000], spoken) - 48_000
            end = begins + reference.size
            assert np.array_equal(reference, spoken[begins:end])
            first_at = opened_at(played) + place_of(heard[:FRAME_SAMPLES], NOISE) / 48_000
            given_before = sum(samples.size for at, samples in played if at < first_at - 1e-6)
            assert (given_before - begins) / 48 == HELD_MS, "an echo must never come before its reference"

    scene(script)


def test_a_recording_shows_what_the_echo_canceller_took_away(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with recording_call(stage, Processing.FULL) as alice:
            heard, reference, sent = await recorded(alice, 2.0)
            assert heard.size == reference.size == sent.size
            assert is_whole(heard)
            assert not np.array_equal(heard, sent)

    scene(script)


def test_each_call_and_room_has_a_file_of_its_own(scene: Scene) -> None:
    async def script(stage: Stage) -> None:
        async with recording_call(stage, Processing.VOICE_ONLY) as alice:
            switch(alice, True)
            first = (await alice.until(lambda s: s.recording.file)).recording.file
            alice.does(HangUp())
            await alice.in_stage(CallStage.ENDED)
            await alice.until(lambda s: not s.recording.file)
            alice.does(JoinRoom("kitchen"))
            second = (await alice.until(lambda s: s.recording.file)).recording.file
            assert {first, second} == {str(path) for path in (stage.tmp / "recordings").iterdir()}

    scene(script)


def test_a_recording_ends_by_itself_and_the_call_goes_on(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "LIMIT_S", 1.0)

    async def script(stage: Stage) -> None:
        async with recording_call(stage, Processing.VOICE_ONLY) as alice:
            switch(alice, True)
            file = (await alice.until(lambda s: s.recording.file)).recording.file
            await alice.until(lambda s: not s.recording.file, 2)
            await asyncio.sleep(2)
            assert [track.size for track in tracks_of(Path(file))] == [48_000] * 3
            assert len(list((stage.tmp / "recordings").iterdir())) == 1, "not until it is asked for again"
            assert alice.state.call.stage is CallStage.ACTIVE
            assert alice.state.notice is None

    scene(script)


def test_a_disk_that_fails_or_lags_ends_the_recording_with_a_notice(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(self: RecordingFile, tracks: object) -> None:
        await asyncio.sleep(15)

    async def script(stage: Stage) -> None:
        async with recording_call(stage, Processing.VOICE_ONLY) as alice:
            (stage.tmp / "recordings").write_text("in the way")
            switch(alice, True)
            notice = (await alice.until(lambda s: s.notice)).notice
            assert (notice.code, notice.detail) == (ErrorCode.CANNOT_RECORD, str(stage.tmp / "recordings"))
            assert not alice.state.recording.file
            switch(alice, False)
            await asyncio.sleep(1)
            (stage.tmp / "recordings").unlink()
            monkeypatch.setattr(RecordingFile, "write", slow)
            switch(alice, True)
            await alice.until(lambda s: s.recording.file)
            await alice.until(lambda s: not s.recording.file)
            assert alice.state.call.stage is CallStage.ACTIVE

    scene(script)
