import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest

from tests.sim.loop import run_simulated
from wzp_core.dsp.frame import FRAME_SAMPLES
from wzp_core.errors import ErrorCode, Unavailable
from wzp_core.io.wav import EchoAudio, FileAudio, read_wav


def write_wav(path: Path, samples: np.ndarray, *, rate_hz: int = 48_000, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def test_a_file_is_the_microphone_in_real_time_and_silence_after_its_end(tmp_path: Path) -> None:
    source = np.arange(1, 2_401, dtype=np.int16)  # 50 ms

    async def main() -> tuple[list[float], np.ndarray]:
        loop, times, heard = asyncio.get_running_loop(), [], []
        async with FileAudio(write_wav(tmp_path / "in.wav", source)).open("", "") as device:
            started = loop.time()
            while len(heard) < 5:
                await device.ready()
                while (frame := device.read(FRAME_SAMPLES)) is not None:
                    times.append(loop.time() - started)
                    heard.append(frame)
        return times, np.concatenate(heard)

    times, heard = run_simulated(main)
    assert times == pytest.approx([0.02, 0.04, 0.06, 0.08, 0.10])
    assert np.array_equal(heard[:2_400], source)
    assert not heard[2_400:].any()


def test_the_speaker_is_recorded_at_its_own_pace(tmp_path: Path) -> None:
    async def main() -> None:
        async with FileAudio(record=tmp_path / "out.wav").open("", "") as device:
            value = 0
            for _ in range(10):
                await device.ready()
                while device.wanted() >= FRAME_SAMPLES:
                    value += 1
                    device.write(np.full(FRAME_SAMPLES, value, dtype=np.int16))
                assert device.wanted() == 0

    run_simulated(main)
    recorded = read_wav(tmp_path / "out.wav")
    assert np.array_equal(recorded, np.repeat(np.arange(1, 11, dtype=np.int16), FRAME_SAMPLES))


def test_a_loop_that_was_late_catches_up_but_a_stall_is_left_behind(tmp_path: Path) -> None:
    async def frames_after(pause_s: float) -> int:
        async with FileAudio().open("", "") as device:
            await device.ready()
            device.read(FRAME_SAMPLES)
            await asyncio.sleep(pause_s)
            await device.ready()
            count = 0
            while device.read(FRAME_SAMPLES) is not None:
                count += 1
            return count

    assert run_simulated(lambda: frames_after(0.2)) == 10
    assert run_simulated(lambda: frames_after(60.0)) <= 2


def test_without_files_there_is_silence_and_nothing_is_opened() -> None:
    async def main() -> tuple[tuple[tuple[str, ...], tuple[str, ...]], bool, tuple[float, float]]:
        audio = FileAudio()
        async with audio.open("any", "any") as device:
            await device.ready()
            frame = device.read(FRAME_SAMPLES)
            assert frame is not None
            return await audio.names(), bool(frame.any()), device.delay_ms()

    assert run_simulated(main) == (((), ()), False, (0.0, 0.0))


@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
def test_lower_rates_are_converted(tmp_path: Path, rate_hz: int) -> None:
    assert read_wav(write_wav(tmp_path / "low.wav", np.zeros(rate_hz), rate_hz=rate_hz)).size == 48_000


@pytest.mark.parametrize(("rate_hz", "channels"), [(44_100, 1), (48_000, 2)])
def test_files_of_another_layout_are_refused(tmp_path: Path, rate_hz: int, channels: int) -> None:
    path = write_wav(tmp_path / "odd.wav", np.zeros(100), rate_hz=rate_hz, channels=channels)
    with pytest.raises(Unavailable) as caught:
        FileAudio(path)
    assert caught.value.code is ErrorCode.BAD_FILE


def test_what_is_no_wav_file_or_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.wav").write_bytes(b"RIFF no")
    for path in (tmp_path / "no.wav", tmp_path / "missing.wav", tmp_path):
        with pytest.raises(Unavailable):
            FileAudio(path)

    async def main() -> None:
        async with FileAudio(record=tmp_path / "missing" / "out.wav").open("", ""):
            pass

    with pytest.raises(Unavailable):
        run_simulated(main)


async def test_an_echo_gives_back_what_it_was_played_frame_by_frame() -> None:
    async with EchoAudio().open() as device:
        said = [np.full(FRAME_SAMPLES, level, np.int16) for level in (1, 2)]
        for frame in said:
            device.write(frame)
        back: list[int] = []
        while len(back) < 3:
            await device.ready()
            while (frame := device.read(FRAME_SAMPLES)) is not None:
                back.append(int(frame[0]))
        assert back[:3] == [1, 2, 0]
