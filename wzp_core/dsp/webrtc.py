"""WebRTC's audio processing (package pywebrtc-audio), loaded when the first of these objects is made.

Every constructor raises Unavailable(NO_CODEC) where the package is missing; every `process` takes whole 10 ms blocks
and raises LocalMisuse(BAD_VALUE) for anything else. One object serves one stream and one thread at a time; the
interpreter's lock is free while the library works.
"""

from types import ModuleType
from typing import Any, Final

from wzp_core.dsp.block import whole_blocks
from wzp_core.dsp.frame import RATE_HZ, Samples
from wzp_core.errors import ErrorCode, LocalMisuse, Unavailable

_LONGEST_DELAY_MS: Final = 500
_LIGHT: Final = 1  # of 0 … 3: up to 12 dB less noise


class EchoCanceller:
    """AEC3: takes what the speaker played out of what the microphone heard; 9 ms late, with a high-pass of its own."""

    def __init__(self, delay_ms: int = 0) -> None:
        """`delay_ms`: see `expect`."""
        self._echo: Any = _library().EchoCanceller(RATE_HZ, 1)
        self.expect(delay_ms)

    def expect(self, delay_ms: int) -> None:
        """A hint for a faster start: how long after its reference an echo comes. It is found without, up to 500 ms."""
        self._echo.stream_delay_ms = max(0, min(_LONGEST_DELAY_MS, delay_ms))

    def process(self, frame: Samples, reference: Samples) -> Samples:
        """`reference` is as long as `frame`; its echo may only come at the same time or later."""
        if reference.size != frame.size:
            raise LocalMisuse(ErrorCode.BAD_VALUE, what="reference", samples=reference.size, frame=frame.size)
        cleaned: Samples = self._echo.process(whole_blocks(frame), whole_blocks(reference))
        return cleaned


class NoiseSuppressor:
    """Light suppression of steady noise; 7 ms late."""

    def __init__(self) -> None:
        self._noise: Any = _library().NoiseSuppressor(RATE_HZ, 1, _LIGHT)

    def process(self, frame: Samples) -> Samples:
        cleaned: Samples = self._noise.process(whole_blocks(frame))
        return cleaned


class AutomaticGain:
    """AGC2: brings one person's speech to an even level, leaves noise down and never clips; without delay."""

    def __init__(self, *, most_db: float = 30.0) -> None:
        """`most_db`: the limit of amplification."""
        self._gain: Any = _library().GainController(RATE_HZ, 1, max_gain_db=max(0.0, min(50.0, most_db)))

    @property
    def gain_db(self) -> float:
        return float(self._gain.gain_db)

    def process(self, frame: Samples) -> Samples:
        levelled: Samples = self._gain.process(whole_blocks(frame))
        return levelled


class SpeechProbability:
    """How speech-like a spectrum is, beside the noise before it."""

    def __init__(self) -> None:
        self._detector: Any = _library().VoiceDetector(RATE_HZ, 1)

    def of(self, frame: Samples) -> float:
        """0…1, of the frame's last block."""
        return float(self._detector.process(whole_blocks(frame)))


def _library() -> ModuleType:
    try:
        import pywebrtc_audio
    except (ImportError, OSError) as error:
        raise Unavailable(ErrorCode.NO_CODEC, library="pywebrtc-audio") from error
    return pywebrtc_audio
