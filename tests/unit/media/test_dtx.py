import numpy as np
import pytest

from wzp_core.dsp.frame import silence
from wzp_core.dsp.meter import rms
from wzp_core.media.dtx import ComfortNoise, Gate, SilenceGate, noise_level


def steps(voices: list[bool], duration_ms: int = 20) -> list[Gate]:
    gate = SilenceGate()
    return [gate.step(voice=voice, duration_ms=duration_ms) for voice in voices]


def test_silence_is_sent_for_five_frames_then_told_every_200_ms() -> None:
    gates = steps([True] * 3 + [False] * 30)
    assert gates[:8] == [Gate.SEND] * 8
    assert [number for number, gate in enumerate(gates) if gate is Gate.NOISE] == [8, 18, 28]
    assert gates.count(Gate.NOTHING) == 22


def test_long_frames_keep_the_same_times() -> None:
    gates = steps([True] + [False] * 16, 40)
    assert [number for number, gate in enumerate(gates) if gate is Gate.NOISE] == [3, 8, 13]


def test_voice_opens_at_once_and_its_end_is_told_at_once_again() -> None:
    gates = steps([False] * 12 + [True] + [False] * 6)
    assert gates[12:] == [Gate.SEND] * 6 + [Gate.NOISE]


def test_noise_is_as_loud_as_what_it_stands_for() -> None:
    murmur = np.random.default_rng(1).normal(0, 40, 960).astype(np.int16)
    noise = ComfortNoise()
    noise.heed(bytes((noise_level(murmur),)))
    heard = [noise.frame(960) for _ in range(40)][-1]
    assert rms(heard) == pytest.approx(rms(murmur), rel=0.15)
    assert noise_level(silence()) == 0
    assert noise_level(np.full(960, 30_000, np.int16)) == 255


def test_an_empty_payload_means_the_usual_level_and_zero_means_silence() -> None:
    noise = ComfortNoise()
    noise.heed(b"")
    assert 20 < rms(noise.frame(960)) < 40
    noise.heed(b"\x00")
    assert not [noise.frame(960) for _ in range(20)][-1].any()


def test_the_level_never_jumps() -> None:
    noise = ComfortNoise()
    noise.heed(b"\xff")
    levels = [int(np.abs(noise.frame(960)).max()) for _ in range(60)]
    assert max(np.diff(levels)) <= 6
    assert levels[-1] > 250
