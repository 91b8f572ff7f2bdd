import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from wzp_core.dsp import rnnoise
from wzp_core.dsp.denoise import NoiseSuppression, denoiser
from wzp_core.dsp.rnnoise import RnNoise
from wzp_core.errors import ErrorCode, LocalMisuse, Unavailable
from wzp_core.settings.schema import AudioSettings


@pytest.fixture
def without_rnnoise(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise Unavailable(ErrorCode.NO_CODEC, library="rnnoise")

    monkeypatch.setattr(rnnoise, "_library", missing)


def new_rnnoise() -> RnNoise:
    try:
        return RnNoise()
    except Unavailable:
        pytest.skip("neither pyrnnoise nor librnnoise is installed")


def test_the_setting_offers_what_there_is_and_starts_with_light() -> None:
    declared = next(spec for spec in fields(AudioSettings) if spec.name == "noise_suppression")
    assert set(declared.metadata["choices"]) == {choice.value for choice in NoiseSuppression}
    assert NoiseSuppression(declared.default) is NoiseSuppression.OFF


def test_strong_without_its_library_is_light(without_rnnoise: None) -> None:
    used, process = denoiser(NoiseSuppression.STRONG)
    assert used is NoiseSuppression.LIGHT
    assert process is not None


@pytest.mark.parametrize("wanted", [NoiseSuppression.STRONG, NoiseSuppression.LIGHT])
def test_without_any_library_nothing_is_done(
    wanted: NoiseSuppression, without_rnnoise: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    assert denoiser(wanted) == (NoiseSuppression.OFF, None)


def test_every_block_of_a_long_frame_is_treated() -> None:
    noise = (np.random.default_rng(1).standard_normal(96_000) * 500).astype(np.int16)
    long, short = new_rnnoise(), new_rnnoise()
    whole = np.concatenate([long.process(noise[at : at + 1_920]) for at in range(0, noise.size, 1_920)])
    parts = np.concatenate([short.process(noise[at : at + 480]) for at in range(0, noise.size, 480)])
    assert np.array_equal(whole, parts)
    assert np.abs(whole[48_000:].astype(int)).mean() < 40


def test_weights_of_eight_bits_are_used_and_sound_like_those_of_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = new_rnnoise()
    assert rnnoise._model() is not None, "this library does not show its weights"
    monkeypatch.setattr(rnnoise, "_model", lambda: None)
    theirs = new_rnnoise()
    hum = 3_000 * np.sin(np.arange(96_000) * 0.02) * np.sin(np.arange(96_000) * 0.0004)
    sound = (hum + np.random.default_rng(1).standard_normal(96_000) * 300).astype(np.int16)
    one, other = (each.process(sound[:48_000]).astype(float) for each in (ours, theirs))
    assert 0 < np.mean((one - other) ** 2) < 1e-2 * np.mean(other**2)


def test_a_library_that_hides_its_weights_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    new_rnnoise()
    monkeypatch.setattr(rnnoise, "_weights", lambda: None)
    rnnoise._model.cache_clear()
    try:
        assert rnnoise._model() is None
        assert new_rnnoise().process(np.zeros(960, np.int16)).size == 960
    finally:
        rnnoise._model.cache_clear()


@pytest.mark.parametrize("frame", [np.zeros(0, np.int16), np.zeros(479, np.int16), np.zeros(480, np.float32)])
def test_nothing_but_whole_blocks_reaches_the_library(frame: np.ndarray) -> None:
    with pytest.raises(LocalMisuse):
        new_rnnoise().process(frame)


def test_a_library_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "librnnoise.so").write_text("not a library")
    monkeypatch.setattr(rnnoise, "_bundled", lambda: f"{tmp_path}/librnnoise.so")
    rnnoise._library.cache_clear()
    try:
        with pytest.raises(Unavailable) as caught:
            RnNoise()
    finally:
        rnnoise._library.cache_clear()
    assert caught.value.code is ErrorCode.NO_CODEC
