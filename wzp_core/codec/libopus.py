"""The C functions of libopus that we use, with their types (opus.h of 1.5.2)."""

import ctypes
import ctypes.util
import os
from ctypes import POINTER, c_char_p, c_int, c_int16, c_int32, c_ubyte, c_void_p
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NoReturn

from wzp_core.dsp.frame import RATE_HZ
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable

APPLICATION_VOIP: Final = 2048
SIGNAL_VOICE: Final = 3001

SET_BITRATE: Final = 4002
SET_COMPLEXITY: Final = 4010
SET_INBAND_FEC: Final = 4012
SET_PACKET_LOSS_PERC: Final = 4014
SET_DTX: Final = 4016
SET_SIGNAL: Final = 4024
RESET_STATE: Final = 4028
SET_DRED_DURATION: Final = 4050

_BUNDLED: Final = Path(__file__).resolve().parents[2] / ".native" / "lib" / "libopus.so.0"
_SAMPLES: Final = POINTER(c_int16)
_ERROR: Final = POINTER(c_int)

_PROTOTYPES: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "opus_get_version_string": (c_char_p, ()),
    "opus_strerror": (c_char_p, (c_int,)),
    "opus_encoder_create": (c_void_p, (c_int32, c_int, c_int, _ERROR)),
    "opus_encoder_destroy": (None, (c_void_p,)),
    "opus_encode": (c_int32, (c_void_p, _SAMPLES, c_int, POINTER(c_ubyte), c_int32)),
    "opus_encoder_ctl": (c_int, (c_void_p, c_int)),  # variadic: its value is passed as c_int32
    "opus_decoder_create": (c_void_p, (c_int32, c_int, _ERROR)),
    "opus_decoder_destroy": (None, (c_void_p,)),
    "opus_decode": (c_int, (c_void_p, c_char_p, c_int32, _SAMPLES, c_int, c_int)),
    "opus_decoder_ctl": (c_int, (c_void_p, c_int)),
    "opus_packet_get_nb_samples": (c_int, (c_char_p, c_int32, c_int32)),
}
_DRED_PROTOTYPES: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "opus_dred_decoder_create": (c_void_p, (_ERROR,)),
    "opus_dred_decoder_destroy": (None, (c_void_p,)),
    "opus_dred_alloc": (c_void_p, (_ERROR,)),
    "opus_dred_free": (None, (c_void_p,)),
    "opus_dred_parse": (
        c_int,
        (c_void_p, c_void_p, c_char_p, c_int32, c_int32, c_int32, POINTER(c_int), c_int),
    ),
    "opus_decoder_dred_decode": (c_int, (c_void_p, c_void_p, c_int32, _SAMPLES, c_int32)),
}


class OpusLibrary:
    """A loaded libopus; `functions` holds the typed entry points."""

    def __init__(self, path: str) -> None:
        """Raises Unavailable(NO_CODEC) where there is no usable libopus at `path`."""
        try:
            self.functions: Any = ctypes.CDLL(path)
            self._declare(_PROTOTYPES)
        except (OSError, AttributeError) as error:
            raise Unavailable(ErrorCode.NO_CODEC, library=path) from error
        self.version = bytes(self.functions.opus_get_version_string()).decode(errors="replace")
        self.has_dred = self._finds_dred()

    def _declare(self, prototypes: dict[str, tuple[Any, tuple[Any, ...]]]) -> None:
        for name, (result, arguments) in prototypes.items():
            function = getattr(self.functions, name)
            function.restype, function.argtypes = result, arguments

    def _finds_dred(self) -> bool:
        """Asks an encoder for DRED: the DRED decoder can be created even where the feature was not built in."""
        try:
            self._declare(_DRED_PROTOTYPES)
        except AttributeError:
            return False
        encoder = self.new_encoder()
        try:
            return self.encoder_control(encoder, SET_DRED_DURATION, 10)
        finally:
            self.functions.opus_encoder_destroy(encoder)

    def new_encoder(self) -> c_void_p:
        """A mono 48 kHz VOIP encoder; the caller destroys it."""
        error = c_int()
        encoder = self.functions.opus_encoder_create(RATE_HZ, 1, APPLICATION_VOIP, ctypes.byref(error))
        self.check_ours(error.value)
        return c_void_p(encoder)

    def new_decoder(self) -> c_void_p:
        """A mono 48 kHz decoder; the caller destroys it."""
        error = c_int()
        decoder = self.functions.opus_decoder_create(RATE_HZ, 1, ctypes.byref(error))
        self.check_ours(error.value)
        return c_void_p(decoder)

    def encoder_control(self, encoder: c_void_p, request: int, value: int) -> bool:
        """Whether the library knows and took the setting."""
        return int(self.functions.opus_encoder_ctl(encoder, request, c_int32(value))) == 0

    def decoder_control(self, decoder: c_void_p, request: int, value: int) -> bool:
        """Whether the library knows and took the setting."""
        return int(self.functions.opus_decoder_ctl(decoder, request, c_int32(value))) == 0

    def check_ours(self, code: int) -> int:
        """A result of a call that no peer can make fail; raises Unavailable(NO_CODEC) where it did."""
        if code < 0:
            raise Unavailable(ErrorCode.NO_CODEC, library=self.version, reason=self._reason(code))
        return code

    def refuse(self, code: int) -> NoReturn:
        """Raises RemoteViolation(MALFORMED_PACKET) for a payload the library could not read."""
        raise RemoteViolation(ErrorCode.MALFORMED_PACKET, codec="opus", reason=self._reason(code))

    def _reason(self, code: int) -> str:
        return bytes(self.functions.opus_strerror(code)).decode(errors="replace")


@lru_cache(maxsize=1)
def opus_library() -> OpusLibrary:
    """The libopus of this process: WZP_LIBOPUS, else our own build with DRED, else the system's.

    Raises Unavailable(NO_CODEC) where there is none.
    """
    chosen = os.environ.get("WZP_LIBOPUS") or (str(_BUNDLED) if _BUNDLED.exists() else ctypes.util.find_library("opus"))
    if not chosen:
        raise Unavailable(ErrorCode.NO_CODEC, library="opus")
    return OpusLibrary(chosen)
