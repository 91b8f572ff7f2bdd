import numpy as np
import pytest

from wzp_core.codec.libopus import OpusLibrary, opus_library
from wzp_core.codec.opus import OpusDecoder, OpusEncoder, OpusSettings, has_inband_fec
from wzp_core.dsp.frame import FRAME_SAMPLES, silence
from wzp_core.dsp.meter import rms
from wzp_core.errors import ErrorCode, LocalMisuse, RemoteViolation, Unavailable

GOOD = OpusSettings(bitrate=24_000, frame_samples=960, dred_10ms=20)
LOW = OpusSettings(bitrate=6_000, frame_samples=1920, dred_10ms=104)

needs_dred = pytest.mark.skipif(not opus_library().has_dred, reason="this libopus was built without DRED")


def voice(frames: int, samples: int = 960) -> list[np.ndarray]:
    """Something libopus takes for speech: harmonics of a gliding pitch, in syllables."""
    time = np.arange(frames * samples) / 48_000
    phase = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 2 * time)) / 48_000
    tone = sum(np.sin(k * phase) / k for k in range(1, 20))
    sound = 4000 * tone * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time))
    return list(np.rint(sound).astype(np.int16).reshape(frames, samples))


@pytest.mark.parametrize("settings", [GOOD, LOW, OpusSettings(bitrate=64_000, frame_samples=960, dred_10ms=10)])
def test_frames_come_back_as_long_and_as_loud_as_they_went_in(settings: OpusSettings) -> None:
    encoder, decoder = OpusEncoder(settings), OpusDecoder()
    frames = voice(40, settings.frame_samples)
    heard = [decoder.decode(encoder.encode(frame)) for frame in frames]
    assert {frame.size for frame in heard} == {settings.frame_samples}
    assert rms(np.concatenate(heard[5:])) == pytest.approx(rms(np.concatenate(frames[5:])), rel=0.25)


def test_the_bit_rate_is_that_of_the_profile_even_after_a_switch() -> None:
    encoder = OpusEncoder(GOOD)
    high = sum(len(encoder.encode(frame)) for frame in voice(50))
    encoder.configure(LOW)
    low = sum(len(encoder.encode(frame)) for frame in voice(25, 1920))
    assert 12_000 < high * 8 < 28_000  # variable: up to the bit rate of the profile
    assert low * 8 < 8_000


def test_a_frame_of_another_length_is_our_own_mistake() -> None:
    with pytest.raises(LocalMisuse):
        OpusEncoder(GOOD).encode(silence(1920))


@pytest.mark.parametrize("payload", [b"", b"\x03", b"\xff\xff\xff", bytes(1501)])
def test_a_payload_that_is_no_opus_packet_is_the_peers_fault(payload: bytes) -> None:
    with pytest.raises(RemoteViolation) as caught:
        OpusDecoder().decode(payload)
    assert caught.value.code is ErrorCode.MALFORMED_PACKET


def test_concealment_goes_on_with_the_voice() -> None:
    encoder, decoder = OpusEncoder(GOOD), OpusDecoder()
    for frame in voice(30):
        heard = decoder.decode(encoder.encode(frame))
    guess = decoder.conceal(FRAME_SAMPLES)
    assert guess.size == FRAME_SAMPLES
    assert rms(guess) > 0.3 * rms(heard)


@needs_dred
def test_deep_redundancy_rebuilds_frames_that_never_came() -> None:
    encoder, decoder = OpusEncoder(GOOD), OpusDecoder()
    encoder.protect(dred_10ms=20, expected_loss_pct=30)
    payloads = [encoder.encode(frame) for frame in voice(60)]
    for payload in payloads[:50]:
        decoder.decode(payload)
    reach = decoder.redundancy(payloads[54])
    assert reach >= 4 * FRAME_SAMPLES
    rebuilt = [decoder.reconstruct(back * FRAME_SAMPLES, FRAME_SAMPLES) for back in (4, 3, 2, 1)]
    assert all(frame.size == FRAME_SAMPLES and rms(frame) > 300 for frame in rebuilt)
    assert decoder.decode(payloads[54]).size == FRAME_SAMPLES


@needs_dred
def test_deep_redundancy_may_have_bits_that_the_voice_does_not_need() -> None:
    sizes = {}
    for extra in (0, 8_000):
        encoder = OpusEncoder(GOOD)
        encoder.protect(dred_10ms=20, expected_loss_pct=20, extra_bitrate=extra)
        sizes[extra] = sum(len(encoder.encode(frame)) for frame in voice(100))
        encoder.configure(GOOD)  # another profile begins without it
        encoder.protect(dred_10ms=20, expected_loss_pct=20)
        sizes[-extra] = sum(len(encoder.encode(frame)) for frame in voice(100))
    assert sizes[8_000] > 1.1 * sizes[0]
    assert sizes[-8_000] < 1.1 * sizes[0]


@needs_dred
def test_more_redundancy_than_a_packet_holds_cannot_be_asked_for() -> None:
    encoder, decoder = OpusEncoder(GOOD), OpusDecoder()
    reach = [decoder.redundancy(encoder.encode(frame)) for frame in voice(30)][-1]
    with pytest.raises(LocalMisuse):
        decoder.reconstruct(reach + 1, FRAME_SAMPLES)


def test_garbage_carries_no_redundancy() -> None:
    decoder = OpusDecoder()
    assert decoder.redundancy(b"") == 0
    assert decoder.redundancy(b"\xff" * 40) == 0
    assert decoder.redundancy(bytes(2000)) == 0


def without_dred(monkeypatch: pytest.MonkeyPatch) -> OpusLibrary:
    library = OpusLibrary(opus_library().functions._name)
    monkeypatch.setattr(library, "has_dred", False)
    return library


def test_without_deep_redundancy_packets_of_speech_carry_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    library = without_dred(monkeypatch)
    encoder, decoder = OpusEncoder(GOOD, library=library), OpusDecoder(library)
    assert not any(has_inband_fec(encoder.encode(frame)) for frame in voice(20))  # it costs quality: not without need
    encoder.protect(dred_10ms=20, expected_loss_pct=20)
    payloads = [encoder.encode(frame) for frame in voice(60)]
    carrying = [number for number, payload in enumerate(payloads) if has_inband_fec(payload)]
    assert len(carrying) > 30
    for payload in payloads[: carrying[20] - 1]:
        decoder.decode(payload)
    assert decoder.redundancy(payloads[carrying[20]]) == 0
    assert rms(decoder.decode_fec(payloads[carrying[20]], FRAME_SAMPLES)) > 300


@needs_dred
def test_packets_with_deep_redundancy_carry_no_in_band_copy() -> None:
    encoder = OpusEncoder(GOOD)
    assert not any(has_inband_fec(encoder.encode(frame)) for frame in voice(20))


def test_in_band_redundancy_is_not_read_out_of_fragments() -> None:
    assert not has_inband_fec(b"")
    assert not has_inband_fec(b"\x08")


def test_closed_codecs_refuse_work_instead_of_crashing() -> None:
    encoder, decoder = OpusEncoder(GOOD), OpusDecoder()
    payload = encoder.encode(silence())
    for codec in (encoder, decoder):
        codec.close()
        codec.close()
    with pytest.raises(LocalMisuse):
        encoder.encode(silence())
    with pytest.raises(LocalMisuse):
        decoder.decode(payload)
    assert decoder.redundancy(payload) == 0


def test_a_missing_library_is_named_as_such(tmp_path: object) -> None:
    with pytest.raises(Unavailable) as caught:
        OpusLibrary(f"{tmp_path}/libopus.so")
    assert caught.value.code is ErrorCode.NO_CODEC


def test_a_library_that_is_not_opus_is_refused() -> None:
    with pytest.raises(Unavailable):
        OpusLibrary("libc.so.6")


def test_the_library_tells_its_version() -> None:
    assert "opus" in opus_library().version
