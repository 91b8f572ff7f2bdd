"""Codec2 at 3200 and 1200 bit/s behind 48 kHz sound (media.md §5.2)."""

import importlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np

from wzp_core.codec.narrowband import Downsampler, Upsampler
from wzp_core.dsp.frame import Samples, silence
from wzp_core.dsp.mix import spliced
from wzp_core.errors import ErrorCode, LocalMisuse, RemoteViolation, Unavailable
from wzp_core.protocol.profile import CodecId


@dataclass(frozen=True, slots=True)
class Codec2Mode:
    """One of the library's modes."""

    bitrate: int  # bit/s
    frame_samples: int  # at 48 kHz
    frame_bytes: int


MODES: Final = {
    CodecId.CODEC2_3200: Codec2Mode(3_200, 960, 8),
    CodecId.CODEC2_1200: Codec2Mode(1_200, 1_920, 6),
}

_SEAM_SAMPLES: Final = 240  # 5 ms, from a guess back to what was sent


@lru_cache(maxsize=1)
def codec2_available() -> bool:
    """Whether the library is installed and loads."""
    try:
        importlib.import_module("pycodec2")
    except (ImportError, OSError):
        return False
    return True


def _new_state(mode: Codec2Mode) -> Any:
    """Raises Unavailable(NO_CODEC)."""
    if not codec2_available():
        raise Unavailable(ErrorCode.NO_CODEC, library="codec2")
    return importlib.import_module("pycodec2").Codec2(mode.bitrate)


class Codec2Encoder:
    """Frames of one length → payloads of one length."""

    def __init__(self, codec: CodecId) -> None:
        """Raises Unavailable(NO_CODEC) where the library is missing."""
        self.codec = codec
        self._mode = MODES[codec]
        self._state: Any = _new_state(self._mode)
        self._downsampler = Downsampler()
        self._fresh = True

    @property
    def frame_samples(self) -> int:
        """What `encode` wants."""
        return self._mode.frame_samples

    @property
    def fresh(self) -> bool:
        """Whether it remembers no sound: it may be given what was said before, to begin better."""
        return self._fresh

    def protect(self, *, dred_10ms: int, expected_loss_pct: int, extra_bitrate: int, most_bytes: int) -> None:
        """Nothing to do inside the codec: its frames are protected in blocks (`fec`)."""

    def encode(self, frame: Samples) -> bytes:
        """Raises LocalMisuse for any other length than one frame."""
        if frame.size != self._mode.frame_samples or self._state is None:
            raise LocalMisuse(ErrorCode.BAD_VALUE, what="frame length", samples=frame.size)
        self._fresh = False
        return bytes(self._state.encode(self._downsampler(frame)))

    def close(self) -> None:
        self._state = None


class Codec2Decoder:
    """Payloads → samples; where they are missing the last one goes on, and who plays it fades it out."""

    def __init__(self, codec: CodecId) -> None:
        """Raises Unavailable(NO_CODEC) where the library is missing."""
        self._mode = MODES[codec]
        self._state: Any = _new_state(self._mode)
        self._upsampler = Upsampler()
        self._last: bytes | None = None
        self._ahead = silence(0)  # guessed and not yet played: the library only makes whole frames

    def decode(self, payload: bytes) -> Samples:
        """One frame; bytes after it are ignored. Raises RemoteViolation(MALFORMED_PACKET) for fewer."""
        if len(payload) < self._mode.frame_bytes:
            raise RemoteViolation(ErrorCode.MALFORMED_PACKET, codec="codec2", length=len(payload))
        self._last = payload[: self._mode.frame_bytes]
        seam, self._ahead = self._ahead[:_SEAM_SAMPLES], silence(0)
        samples = self._made(self._last)
        if seam.size == 0:
            return samples
        return np.concatenate((spliced(seam, samples[: seam.size]), samples[seam.size :]))

    def conceal(self, count: int) -> Samples:
        """`count` samples of the voice as it was last: same pitch, same sound."""
        if self._last is None:
            return silence(count)
        while self._ahead.size < count:
            self._ahead = np.concatenate((self._ahead, self._made(self._last)))
        guess, self._ahead = self._ahead[:count], self._ahead[count:]
        return guess

    def close(self) -> None:
        self._state = self._last = None

    def _made(self, frame: bytes) -> Samples:
        if self._state is None:
            raise LocalMisuse(ErrorCode.UNEXPECTED_INPUT, what="closed decoder")
        narrow: Samples = self._state.decode(frame)
        return self._upsampler(narrow)
