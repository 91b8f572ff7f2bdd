"""Two real desktop apps call each other: real windows, real sound server, real speech, one embedded relay."""

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soxr
from pesq import pesq
from pystoi import stoi

from tests.audio.speech import RECORDING, needs_speech
from tests.e2e.desktop_session import App, DesktopSession, desktop_session, missing, wait_for
from wzp_core.io.wav import read_wav

pytestmark = [
    needs_speech,
    pytest.mark.skipif(bool(missing()), reason=f"this machine lacks {', '.join(missing())}"),
]
SECONDS = 9
HEARINGS = 3  # at most: a machine that other work takes away for a moment says nothing about the phone
RATE = 16_000


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[DesktopSession]:
    with desktop_session(tmp_path) as session:
        session.sound_server("alice_mic", "alice_speaker", "bob_mic", "bob_speaker")
        yield session


def started(desktop: DesktopSession, name: str) -> App:
    """An app whose newcomer went through the three steps of the first run."""
    app = desktop.app(name, PULSE_SOURCE=f"{name}_mic.monitor", PULSE_SINK=f"{name}_speaker")
    app.shows("What shall others call you")
    app.types("Your name", name.title())
    for step, button in (("1 of 3", "Next"), ("2 of 3", "Next"), ("3 of 3", "Start")):
        app.shows(step)
        app.presses(button)
    app.shows("Connected. You can call and be called.")
    return app


def heard(desktop: DesktopSession, speaker: str, microphone: str, said: bytes) -> np.ndarray:
    """What the speaker plays while the microphone hears `said`."""
    record = desktop.start(
        [
            "parec",
            "-d",
            f"{speaker}.monitor",
            "--rate=48000",
            "--channels=1",
            "--format=s16le",
            "--latency-msec=20",
            "--raw",
        ],
        stdout=subprocess.PIPE,
    )
    assert record.stdout is not None
    record.stdout.read(9600)  # it runs
    play = [
        "pacat",
        "-p",
        "-d",
        microphone,
        "--rate=48000",
        "--channels=1",
        "--format=s16le",
        "--latency-msec=20",
        "--raw",
    ]
    spoken = desktop.start(play, stdin=subprocess.PIPE)
    assert spoken.stdin is not None
    began = time.monotonic()
    spoken.stdin.write(said)
    spoken.stdin.close()
    wanted = int((SECONDS + 1.5) * 48_000) * 2
    data = record.stdout.read(wanted)
    assert time.monotonic() - began < SECONDS + 10
    record.terminate()
    return np.frombuffer(data, np.int16)


def lag_of(part: np.ndarray, within: np.ndarray) -> int:
    """Where `part` lies in `within`, samples."""
    size = 1 << int(np.ceil(np.log2(len(part) + len(within))))
    product = np.fft.rfft(within, size) * np.conj(np.fft.rfft(part, size))
    return int(np.argmax(np.fft.irfft(product, size)[: max(1, len(within) - len(part))]))


def scores(said: np.ndarray, got: np.ndarray) -> tuple[float, float, float]:
    """PESQ-wb, which follows changes of the playout delay itself; STOI, second by second in step; the delay in ms."""
    clean, noisy = (soxr.resample(a.astype(np.float64) / 32768, 48_000, RATE) for a in (said, got))
    lag = lag_of(clean, noisy)
    whole = noisy[lag : lag + len(clean)]
    seconds, slack = [], RATE // 5
    for start in range(0, len(clean) - RATE + 1, RATE):
        begin = max(0, start + lag - slack)
        found = begin + lag_of(clean[start : start + RATE], noisy[begin : start + lag + RATE + slack])
        seconds.append(noisy[found : found + RATE])
    in_step = np.concatenate(seconds)
    return (
        float(pesq(RATE, clean[: len(whole)], whole, "wb")),
        float(stoi(clean[: len(in_step)], in_step, RATE)),
        1000 * lag / RATE,
    )


def code_of(app: App) -> set[str]:
    """Every code on the screen, six digits."""
    digits = [re.sub(r"\D", "", name) for _, name in app.seen() if re.fullmatch(r"[\d ]{6,11}", name)]
    return {each for each in digits if len(each) == 6}


@pytest.mark.timeout(180)
def test_a_newcomer_calls_another_hears_and_is_heard_and_compares_the_code(desktop: DesktopSession) -> None:
    alice = started(desktop, "alice")
    bob = started(desktop, "bob")
    alice.shows("Bob")
    bob.shows("Alice")
    fingerprint = next(name for _, name in bob.seen() if re.fullmatch(r"([0-9a-f]{4}:){7}[0-9a-f]{4}", name))

    alice.types("Fingerprint to call", fingerprint)
    alice.presses("Call")
    bob.shows("Alice")
    bob.presses("Answer")
    alice.shows("Encrypted")
    bob.shows("Encrypted")

    said = read_wav(RECORDING)
    for speaker, microphone in (("bob_speaker", "alice_mic"), ("alice_speaker", "bob_mic")):
        best = (0.0, 0.0, 0.0)
        for _ in range(HEARINGS):
            best = max(best, scores(said, heard(desktop, speaker, microphone, said.tobytes())))
            if best[0] >= 3.8 and best[1] >= 0.95:
                break
        print(f"{microphone} → {speaker}: PESQ-wb {best[0]:.2f}, STOI {best[1]:.3f}, {best[2]:.0f} ms")
        assert best[0] >= 3.8
        assert best[1] >= 0.95

    read = wait_for("the code to read aloud", lambda: code_of(alice))
    assert len(read) == 1
    choices = wait_for("the codes to choose from", lambda: code_of(bob))
    assert read <= choices
    assert len(choices) == 4
    code = read.pop()
    bob.presses(f"{code[:3]} {code[3:]}")
    bob.shows("Verified")
    alice.presses("Hang up")
    bob.shows("The other side ended the call.")
    bob.presses("Close")
    bob.shows("Connected. You can call and be called.")
    assert bob.quits() == 0
    assert alice.quits() == 0
