"""RNNoise, a small neural network against noise, through ctypes (rnnoise.h of 0.2); loaded when first used."""

import ctypes
import ctypes.util
import struct
import weakref
from collections.abc import Iterator
from ctypes import POINTER, c_char_p, c_float, c_int, c_void_p
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
    "rnnoise_model_from_buffer": (c_void_p, (c_void_p, c_int)),
}
_BUNDLED: Final = ("librnnoise.so", "librnnoise.dylib", "rnnoise.dll")

_WHOLE: Final = b"_weights_int8"
_REAL: Final = b"_weights_float"
_HEAD: Final = struct.Struct("=4s4i44s")  # of a layer's array: magic, version, type, size, size with padding, name
_ALIGNED: Final = 64  # bytes


class _Array(ctypes.Structure):
    """WeightArray of RNNoise's nnet.h."""

    _fields_ = (("name", c_char_p), ("type", c_int), ("size", c_int), ("data", c_void_p))


class RnNoise:
    """One stream's suppressor; 20 ms late."""

    def __init__(self) -> None:
        """Raises Unavailable(NO_CODEC) where there is no usable library."""
        self._functions = _library()
        self._state = c_void_p(self._functions.rnnoise_create(_model()))
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


@lru_cache(maxsize=1)
def _model() -> c_void_p | None:
    """The library's own weights, those of 8 bits only; None: as the library likes.

    It has most of them twice and prefers floats: 11 MB to go through for every 10 ms, which takes twice the time, more
    where others want the cache too. The difference in sound is 49 dB below the voice.
    """
    functions, blob = _library(), _weights()
    model = c_void_p(functions.rnnoise_model_from_buffer(blob, len(blob))) if blob is not None else None
    state = c_void_p(functions.rnnoise_create(model)) if model else None
    if not state:
        return None
    functions.rnnoise_destroy(state)
    return model


@lru_cache(maxsize=1)
def _weights() -> "ctypes.Array[ctypes.c_char] | None":
    """What the model reads as long as it lives."""
    try:
        first = _Array.in_dll(_library(), "rnnoise_arrays")
    except ValueError:
        return None  # a library that does not show them
    blob = b"".join(_packed(list(_each(first))))
    return ctypes.create_string_buffer(blob, len(blob))


def _each(first: _Array) -> Iterator[tuple[bytes, int, bytes]]:
    """Name, type and content; the list ends with an array without name."""
    place = ctypes.addressof(first)
    while (array := _Array.from_address(place)).name:
        yield array.name, array.type, ctypes.string_at(array.data, array.size)
        place += ctypes.sizeof(_Array)


def _packed(arrays: list[tuple[bytes, int, bytes]]) -> Iterator[bytes]:
    """The form of a file of weights, without floats where there are 8 bits."""
    names = {name for name, _, _ in arrays}
    for name, kind, data in arrays:
        if name.endswith(_REAL) and name.removesuffix(_REAL) + _WHOLE in names:
            continue
        room = -(-len(data) // _ALIGNED) * _ALIGNED
        yield _HEAD.pack(b"DNNw", 0, kind, len(data), room, name) + data.ljust(room, b"\0")


def _bundled() -> str | None:
    package = find_spec("pyrnnoise")
    folders = list(package.submodule_search_locations or ()) if package else []
    files = [Path(folder) / name for folder in folders for name in _BUNDLED]
    return next((str(file) for file in files if file.is_file()), None)
