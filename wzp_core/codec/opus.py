"""Opus with deep redundancy where the library has it (media.md §5.1)."""

import ctypes
from ctypes import c_int, c_int16, c_ubyte, c_void_p
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from wzp_core.codec.libopus import (
    RESET_STATE,
    SET_BITRATE,
    SET_COMPLEXITY,
    SET_DRED_DURATION,
    SET_DTX,
    SET_INBAND_FEC,
    SET_PACKET_LOSS_PERC,
    SET_SIGNAL,
    SIGNAL_VOICE,
    OpusLibrary,
    opus_library,
)
from wzp_core.dsp.frame import RATE_HZ, Samples
from wzp_core.errors import ErrorCode, LocalMisuse

MOST_PAYLOAD_BYTES: Final = 512
MOST_DECODED_SAMPLES: Final = 5_760  # 120 ms: the longest Opus packet (RFC 6716 §2.1.4)
LEAST_EXPECTED_LOSS_PCT: Final = 15  # below it DRED carries next to nothing
MOST_DRED_10MS: Final = 104

_LARGEST_INPUT_BYTES: Final = 1_500
_WIDEBAND_BITRATE: Final = 9_000  # below it the library chooses narrow band by itself
_COMPLEXITY: Final = 7
_DECODER_COMPLEXITY: Final = (
    5  # from here on gaps are filled by the deep model; 7 costs thrice the time and scores no better
)
_DRED_DECODER_REACH: Final = MOST_DRED_10MS * RATE_HZ // 100
_POINTER: Final = ctypes.POINTER(c_int16)


def _pointer(samples: Samples) -> Any:
    return samples.ctypes.data_as(_POINTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpusSettings:
    """What a profile fixes."""

    bitrate: int  # bit/s
    frame_samples: int  # at 48 kHz
    dred_10ms: int  # reach of the redundancy at first


class OpusEncoder:
    """Frames of one length → payloads. Needs `close()` or goes with its last reference."""

    def __init__(self, settings: OpusSettings, *, dtx: bool = False, library: OpusLibrary | None = None) -> None:
        """Raises Unavailable(NO_CODEC) where there is no libopus or it refuses the settings."""
        self._library = library or opus_library()
        self._encoder: c_void_p | None = self._library.new_encoder()
        self._buffer = (c_ubyte * MOST_PAYLOAD_BYTES)()
        self._bitrate = settings.bitrate
        self._fresh = True
        self._set(SET_COMPLEXITY, _COMPLEXITY)
        self._set(SET_SIGNAL, SIGNAL_VOICE)
        self._set(SET_DTX, int(dtx))
        self._set(SET_INBAND_FEC, int(not self._library.has_dred))
        self.configure(settings)

    @property
    def frame_samples(self) -> int:
        """What `encode` wants."""
        return self._frame_samples

    @property
    def fresh(self) -> bool:
        """Whether it remembers no sound: it may be given what was said before, to begin better."""
        return self._fresh

    def configure(self, settings: OpusSettings) -> None:
        """Switches the profile of the running stream; the expected loss returns to its floor.

        To and from the lowest rates the encoder begins afresh: it would keep its audio bandwidth for seconds, until
        the next pause, and at 6 kbit/s wideband speech bursts (PESQ-wb 1.7 instead of 2.5).
        """
        if (settings.bitrate < _WIDEBAND_BITRATE) != (self._bitrate < _WIDEBAND_BITRATE):
            self._set(RESET_STATE, 0)
            self._fresh = True
        self._bitrate = settings.bitrate
        self._frame_samples = settings.frame_samples
        self.protect(dred_10ms=settings.dred_10ms, expected_loss_pct=0)

    def protect(
        self,
        *,
        dred_10ms: int,
        expected_loss_pct: int,
        extra_bitrate: int = 0,
        most_bytes: int = MOST_PAYLOAD_BYTES,
    ) -> None:
        """How far back redundancy reaches (units of 10 ms, a ceiling) and the loss to prepare for; both clamped.

        The loss has a floor only where it makes DRED carry something: it takes its bits from the voice, unless there
        is an `extra_bitrate` (bit/s) for it. No payload has more than `most_bytes`.
        """
        self._set(SET_BITRATE, self._bitrate + (extra_bitrate if self._library.has_dred else 0))
        self._most_bytes = min(MOST_PAYLOAD_BYTES, most_bytes)
        floor = LEAST_EXPECTED_LOSS_PCT if self._library.has_dred and dred_10ms > 0 else 0
        self._set(SET_PACKET_LOSS_PERC, min(100, max(floor, expected_loss_pct)))
        if self._library.has_dred:
            self._set(SET_DRED_DURATION, min(MOST_DRED_10MS, max(0, dred_10ms)))

    def encode(self, frame: Samples) -> bytes:
        """One payload for exactly one frame; raises LocalMisuse for any other length."""
        if frame.size != self._frame_samples:
            raise LocalMisuse(ErrorCode.BAD_VALUE, what="frame length", samples=frame.size, want=self._frame_samples)
        self._fresh = False
        samples = np.ascontiguousarray(frame, dtype=np.int16)
        written = self._library.functions.opus_encode(
            self._require(), _pointer(samples), samples.size, self._buffer, self._most_bytes
        )
        return bytes(self._buffer[: self._library.check_ours(written)])

    def close(self) -> None:
        if self._encoder is not None:
            self._library.functions.opus_encoder_destroy(self._encoder)
            self._encoder = None

    def __del__(self) -> None:
        if getattr(self, "_encoder", None) is not None:
            self.close()

    def _set(self, request: int, value: int) -> None:
        if not self._library.encoder_control(self._require(), request, value):
            self._library.check_ours(-5)  # OPUS_UNIMPLEMENTED

    def _require(self) -> c_void_p:
        if self._encoder is None:
            raise LocalMisuse(ErrorCode.UNEXPECTED_INPUT, what="closed encoder")
        return self._encoder


class OpusDecoder:
    """Payloads → samples, and samples where payloads are missing; one stream needs one object for all of it."""

    def __init__(self, library: OpusLibrary | None = None) -> None:
        """Raises Unavailable(NO_CODEC)."""
        self._library = library or opus_library()
        self._decoder: c_void_p | None = self._library.new_decoder()
        self._library.decoder_control(self._decoder, SET_COMPLEXITY, _DECODER_COMPLEXITY)  # unknown before 1.5
        self._dred = _Dred(self._library) if self._library.has_dred else None

    def decode(self, payload: bytes) -> Samples:
        """At most 120 ms; raises RemoteViolation(MALFORMED_PACKET)."""
        self._refuse_odd_size(payload)
        return self._decoded(payload, MOST_DECODED_SAMPLES, fec=False)

    def conceal(self, count: int) -> Samples:
        """`count` samples (a multiple of 120) that continue what was heard last."""
        return self._decoded(None, count, fec=False)

    def decode_fec(self, payload: bytes, count: int) -> Samples:
        """The frame of `count` samples before `payload`, from its in-band redundancy; raises as `decode`."""
        self._refuse_odd_size(payload)
        return self._decoded(payload, count, fec=True)

    def redundancy(self, payload: bytes) -> int:
        """How many samples before `payload` its deep redundancy reaches; kept for `reconstruct` until the next call."""
        if self._dred is None or not 0 < len(payload) <= _LARGEST_INPUT_BYTES:
            return 0
        return self._dred.parse(payload)

    def reconstruct(self, offset: int, count: int) -> Samples:
        """The `count` samples that start `offset` before the packet last given to `redundancy`."""
        if self._dred is None or not 0 < offset <= self._dred.reach:
            raise LocalMisuse(ErrorCode.BAD_VALUE, what="redundancy offset", offset=offset)
        out = np.empty(count, dtype=np.int16)
        made = self._library.functions.opus_decoder_dred_decode(
            self._decoder, self._dred.state, offset, _pointer(out), count
        )
        return out[: self._checked(made)]

    def close(self) -> None:
        if self._decoder is not None:
            self._library.functions.opus_decoder_destroy(self._decoder)
            self._decoder = None
        if self._dred is not None:
            self._dred.close()
            self._dred = None

    def __del__(self) -> None:
        if getattr(self, "_decoder", None) is not None:
            self.close()

    def _decoded(self, payload: bytes | None, room: int, *, fec: bool) -> Samples:
        if self._decoder is None:
            raise LocalMisuse(ErrorCode.UNEXPECTED_INPUT, what="closed decoder")
        out = np.empty(room, dtype=np.int16)
        size = 0 if payload is None else len(payload)
        made = self._library.functions.opus_decode(self._decoder, payload, size, _pointer(out), room, int(fec))
        return out[: self._checked(made)]

    def _checked(self, made: int) -> int:
        if made < 0:
            self._library.refuse(made)
        return made

    def _refuse_odd_size(self, payload: bytes) -> None:
        if not 0 < len(payload) <= _LARGEST_INPUT_BYTES:
            self._library.refuse(-4)  # OPUS_INVALID_PACKET; an empty payload would mean concealment


class _Dred:
    """The parsed deep redundancy of one packet."""

    def __init__(self, library: OpusLibrary) -> None:
        self._library = library
        error = c_int()
        self._parser = c_void_p(library.functions.opus_dred_decoder_create(ctypes.byref(error)))
        library.check_ours(error.value)
        self.state = c_void_p(library.functions.opus_dred_alloc(ctypes.byref(error)))
        library.check_ours(error.value)
        self.reach = 0

    def parse(self, payload: bytes) -> int:
        end = c_int()
        found = self._library.functions.opus_dred_parse(
            self._parser, self.state, payload, len(payload), _DRED_DECODER_REACH, RATE_HZ, ctypes.byref(end), 0
        )
        self.reach = max(0, found)  # negative: damaged redundancy is no redundancy
        return self.reach

    def close(self) -> None:
        self._library.functions.opus_dred_free(self.state)
        self._library.functions.opus_dred_decoder_destroy(self._parser)


def has_inband_fec(payload: bytes) -> bool:
    """Whether a packet carries the frame before it at low quality (RFC 6716 §4.2.3); one mono frame per packet only."""
    if len(payload) < 2 or payload[0] & 0x07:  # stereo, or more than one frame
        return False
    config = payload[0] >> 3
    if config >= 16:  # CELT has none
        return False
    silk_frames = max(1, (10, 20, 40, 60)[config % 4] // 20) if config < 12 else 1
    return bool(payload[1] >> (7 - silk_frames) & 1)
