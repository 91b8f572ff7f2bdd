import sys

import numpy as np
import pytest

from wzp_core.media.downlink import Downlink
from wzp_core.media.loudness import Loudness
from wzp_core.media.uplink import Uplink
from wzp_core.protocol.media.header import decode_packet, encode_packet

FRAME = np.full(960, 5_000, np.int16)
LOW_HZ, HIGH_HZ = 300.0, 1500.0


def amplitude(heard: np.ndarray, hz: float) -> float:
    """Of one tone in it."""
    turns = np.exp(-2j * np.pi * hz * np.arange(heard.size) / 48_000)
    return float(2 * np.abs(np.mean(heard * turns)))


def talk(volumes: dict[int, float], frames: int = 100, amplitude: int = 6_000) -> np.ndarray:
    """Two people with a tone each."""
    downlink = Downlink(lambda datagram, _now: decode_packet(datagram), lambda number: volumes.get(number, 1.0))
    people = {
        number: (Uplink(stream_id=number, seal=lambda packet, _now: encode_packet(packet)), hz)
        for number, hz in ((1, LOW_HZ), (2, HIGH_HZ))
    }
    heard = []
    for tick in range(frames):
        now, time = tick * 0.020, (tick * 960 + np.arange(960)) / 48_000
        for uplink, hz in people.values():
            said = np.rint(amplitude * np.sin(2 * np.pi * hz * time)).astype(np.int16)
            for datagram in uplink.push(said, now):
                downlink.receive(datagram, now + 0.002)
        heard.append(downlink.pull(now + 0.010))
    downlink.close()
    return np.concatenate(heard)


def test_each_sender_has_a_volume_of_his_own() -> None:
    usual, changed = talk({})[48_000:], talk({1: 0.5, 2: 2.0})[48_000:]
    assert amplitude(changed, LOW_HZ) == pytest.approx(0.5 * amplitude(usual, LOW_HZ), rel=0.05)
    assert amplitude(changed, HIGH_HZ) == pytest.approx(2.0 * amplitude(usual, HIGH_HZ), rel=0.05)


def test_a_volume_of_zero_is_silence_from_the_first_sample() -> None:
    assert not talk({1: 0.0, 2: 0.0}).any()


def test_a_volume_changed_while_somebody_speaks_does_not_click() -> None:
    volumes = {1: 1.0, 2: 0.0}
    steps = []
    for _ in range(2):
        volumes[1] = 1.0
        loudness, time = Loudness(), np.arange(960 * 20) / 48_000
        frames = np.rint(8_000 * np.sin(2 * np.pi * 100 * time)).astype(np.int16).reshape(20, 960)
        played = [
            loudness.process(frame, 0.0 if tick >= 10 else 1.0, levelled=False) for tick, frame in enumerate(frames)
        ]
        steps.append(np.abs(np.diff(np.concatenate(played))).max())
    assert max(steps) < 8_000 * 2 * np.pi * 100 / 48_000 + 10, "no step is steeper than the tone's own"


def test_levelling_may_be_turned_on_and_off_while_somebody_speaks() -> None:
    pytest.importorskip("pywebrtc_audio")
    loudness = Loudness()
    for levelled in (False, True, True, False):
        loudness.process(FRAME, 1.0, levelled=levelled)
    assert loudness.process(FRAME, 1.0, levelled=False) is FRAME


def test_without_its_library_nobody_is_levelled_and_everybody_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)
    loudness = Loudness()
    assert (loudness.process(FRAME, 2.0, levelled=True) == 10_000).all()
    assert (loudness.process(FRAME, 2.0, levelled=True) == 10_000).all()
