"""RNNoise, a small neural network against noise, through ctypes (rnnoise.h of 0.2); loaded when first used."""

import ctypes
import ctypes.util
import weakref
from ctypes import POINTER, c_float, c_int, c_void_p
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from wzp_core.dsp.block import BLOCK_SAMPLES, whole_blocks
from wzp_core.dsp.frame import Samples, to_samples
from wzp_core.errors import ErrorCode, Unavailable

_BLOCK: Final = POINTER(c_float)
_PROTOTYPES: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "rnnoise_get_frame_size": (c_int, ()),
    "rnnoise_create": (c_void_p, (c_void_p,)),
    "rnnoise_destroy": (None, (c_void_p,)),
    "rnnoise_process_frame": (c_float, (c_void_p, _BLOCK, _BLOCK)),
}
_BUNDLED: Final = ("librnnoise.so", "librnnoise.dylib", "rnnoise.dll")


class RnNoise:
    """One stream's suppressor; 20 ms late."""

    def __init__(self) -> None:
        """Raises Unavailable(NO_CODEC) where there is no usable library."""
        self._functions = _library()
        self._state = c_void_p(self._functions.rnnoise_create(None))
        if not self._state:
            raise Unavailable(ErrorCode.NO_CODEC, library="rnnoise", reason="no memory")
        weakref.finalize(self, self._functions.rnnoise_destroy, self._state)

    def process(self, frame: Samples) -> Samples:
        """Every 10 ms block of it; raises LocalMisuse(BAD_VALUE) for a frame that is not made of them."""
        values = whole_blocks(frame).astype(np.float32).reshape(-1, BLOCK_SAMPLES)
        for block in values:
            place = block.ctypes.data_as(_BLOCK)
            self._functions.rnnoise_process_frame(self._state, place, place)
        return to_samples(values.reshape(-1))


@lru_cache(maxsize=1)
def _library() -> Any:
    """The one inside the package pyrnnoise, whose Python part and dependencies are not needed, else the system's."""
    path = _bundled() or ctypes.util.find_library("rnnoise")
    if not path:
        raise Unavailable(ErrorCode.NO_CODEC, library="rnnoise")
    try:
        functions = ctypes.CDLL(path)
        for name, (result, arguments) in _PROTOTYPES.items():
            function = getattr(functions, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise Unavailable(ErrorCode.NO_CODEC, library=path) from error
    if functions.rnnoise_get_frame_size() != BLOCK_SAMPLES:
        raise Unavailable(ErrorCode.NO_CODEC, library=path, reason="other frame size")
    return functions


def _bundled() -> str | None:
    package = find_spec("pyrnnoise")
    folders = list(package.submodule_search_locations or ()) if package else []
    files = [Path(folder) / name for folder in folders for name in _BUNDLED]
    return next((str(file) for file in files if file.is_file()), None)
