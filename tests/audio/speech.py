"""Real speech, and how well it survived."""

from pathlib import Path

import numpy as np
import pytest

from wzp_core.cli.bench_score import scored
from wzp_core.dsp.frame import FRAME_SAMPLES, Samples
from wzp_core.io.wav import read_wav

RECORDING = Path(
    "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0870.wav"
)  # apt package pocketsphinx-testdata

needs_speech = pytest.mark.skipif(not RECORDING.exists(), reason="needs the package pocketsphinx-testdata")


def speech() -> list[Samples]:
    """Seven seconds in frames of 20 ms."""
    samples = read_wav(RECORDING)
    count = samples.size // FRAME_SAMPLES
    return list(samples[: count * FRAME_SAMPLES].reshape(count, FRAME_SAMPLES))


def offset_of(heard: Samples, within: Samples) -> int:
    """How many samples later `heard` has what `within` has, by cross-correlation."""
    size = 1 << (heard.size + within.size).bit_length()
    product = np.fft.rfft(heard.astype(float), size) * np.conj(np.fft.rfft(within.astype(float), size))
    best = int(np.argmax(np.fft.irfft(product, size)))
    return best if best < size // 2 else best - size


def pesq_wb(sent: Samples, heard: Samples) -> float:
    return scored(sent, heard).pesq


def intelligibility(sent: Samples, heard: Samples) -> float:
    """STOI, 0…1."""
    return scored(sent, heard).stoi


def understood(sent: Samples, heard: Samples) -> float:
    """STOI, aligned by loudness: a vocoder keeps no waveform that could be correlated."""
    from pystoi import stoi

    def loudness(samples: Samples) -> np.ndarray:
        smooth = np.convolve(samples.astype(float) ** 2, np.ones(480) / 480, "same")
        envelope: np.ndarray = np.sqrt(smooth)[::48]
        return envelope - envelope.mean()

    ours, theirs = loudness(sent), loudness(heard)
    size = 1 << (ours.size + theirs.size).bit_length()
    likeness = np.fft.irfft(np.fft.rfft(theirs, size) * np.conj(np.fft.rfft(ours, size)), size)[:1_500]
    scores = []
    for late_ms in range(int(np.argmax(likeness)) - 12, int(np.argmax(likeness)) + 13, 3):
        later = heard[max(0, late_ms) * 48 :]
        length = min(sent.size, later.size)
        scores.append(float(stoi(sent[:length].astype(float), later[:length].astype(float), 48_000)))
    return max(scores)
