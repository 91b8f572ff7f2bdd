import gc
import sys

import numpy as np
import pytest

from wzp_core.dsp.level import Leveller
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


def live_levellers() -> set[int]:
    gc.collect()
    return {id(each) for each in gc.get_objects() if isinstance(each, Leveller)}


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
    volumes = dict[int, float]()

    def changing(frames: int) -> np.ndarray:
        """Muted and heard again every fifth frame."""
        downlink = Downlink(lambda datagram, _now: decode_packet(datagram), lambda number: volumes[number])
        uplink, heard = Uplink(stream_id=1, seal=lambda packet, _now: encode_packet(packet)), []
        for tick in range(frames):
            volumes[1] = float(tick // 5 % 2)
            time = (tick * 960 + np.arange(960)) / 48_000
            for datagram in uplink.push(np.rint(8_000 * np.sin(2 * np.pi * 100 * time)).astype(np.int16), tick * 0.020):
                downlink.receive(datagram, tick * 0.020 + 0.002)
            heard.append(downlink.pull(tick * 0.020 + 0.010))
        downlink.close()
        return np.concatenate(heard).astype(int)

    heard = changing(100)[24_000:]
    assert np.abs(heard).max() > 7_000
    assert np.abs(np.diff(heard)).max() < 1.3 * 8_000 * 2 * np.pi * 100 / 48_000, "hardly steeper than the tone itself"


def test_what_was_learnt_of_a_voice_is_kept_while_it_is_heard_and_freed_with_it() -> None:
    pytest.importorskip("pywebrtc_audio")
    downlink = Downlink(lambda datagram, _now: decode_packet(datagram))
    uplink = Uplink(stream_id=1, seal=lambda packet, _now: encode_packet(packet))
    downlink.levelled = True
    before = live_levellers()
    for tick in range(100):
        for datagram in uplink.push(FRAME, tick * 0.020):
            downlink.receive(datagram, tick * 0.020 + 0.002)
        downlink.pull(tick * 0.020 + 0.010)
        if tick == 0:
            (first,) = live_levellers() - before
    assert live_levellers() - before == {first}
    downlink.pull(60.0)
    assert live_levellers() == before


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
