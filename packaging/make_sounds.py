"""Writes the ringing tones into resources/sounds: two sines with soft edges, 16 kHz mono."""

import wave
from pathlib import Path

import numpy as np

RATE_HZ = 16_000
RAMP_S = 0.05
SOUNDS = {
    # name: (tones in Hz, length in s, peak 0…1); the pause between two rings is the player's
    "ringtone": ((440.0, 480.0), 2.0, 0.5),
    "ringback": ((425.0,), 1.0, 0.2),
}


def ring(tones_hz: tuple[float, ...], length_s: float, peak: float) -> np.ndarray:
    time = np.arange(int(length_s * RATE_HZ)) / RATE_HZ
    sound = sum(np.sin(2 * np.pi * hz * time) for hz in tones_hz) / len(tones_hz)
    edges = np.minimum(1.0, np.minimum(time, time[::-1]) / RAMP_S)
    return np.rint(32_767 * peak * sound * edges).astype("<i2")


def main() -> None:
    folder = Path(__file__).resolve().parents[1] / "resources" / "sounds"
    folder.mkdir(parents=True, exist_ok=True)
    for name, spec in SOUNDS.items():
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(ring(*spec).tobytes())


if __name__ == "__main__":
    main()
