"""Message ↔ tagged JSON; the only file that knows it is JSON (signals.md §1)."""

import json
import math
import types
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from typing import Annotated, Any, NoReturn, TypeAlias, Union, get_args, get_origin, get_type_hints

from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.protocol.profile import CodecId
from wzp_core.protocol.signal import auth, call, federation, path, presence, quality, room  # noqa: F401  (they register)
from wzp_core.protocol.signal.base import SignalMessage, UnknownSignal, class_of, tag_of
from wzp_core.protocol.signal.federation import FederatedSignalForward

Convert: TypeAlias = Callable[[Any], Any]
_MOST_ITEMS = 20_000  # of one list: a frame of 1 MiB could hold half a million


def encode(message: SignalMessage) -> bytes:
    """Compact UTF-8 JSON."""
    return json.dumps(_tagged(message), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def decode(data: bytes) -> SignalMessage:
    """Any message, or UnknownSignal for a tag of a later version. Raises RemoteViolation(MALFORMED_SIGNAL)."""
    try:
        document = json.loads(data.decode(), object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RemoteViolation(ErrorCode.MALFORMED_SIGNAL, cause=type(error).__name__) from error
    return _message(document)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        _malformed("duplicate key")
    return found


def _refuse_constant(name: str) -> NoReturn:
    _malformed(name)


def _malformed(what: str) -> NoReturn:
    raise RemoteViolation(ErrorCode.MALFORMED_SIGNAL, what=what)


# --- messages ----------------------------------------------------------------------------------------------------


def _tagged(message: SignalMessage) -> Any:
    """A bare string for a message without fields, else one key."""
    cls = type(message)
    tag = tag_of(cls)
    return {tag: _struct_out(message)} if _shape(cls) else tag


def _message(document: Any) -> SignalMessage:
    if isinstance(document, str):
        tag, content = document, None
    elif isinstance(document, dict) and len(document) == 1:
        tag, content = next(iter(document.items()))
    else:
        _malformed("not one tag")
    cls = class_of(tag)
    if cls is None:
        return UnknownSignal(tag[:64])
    shape = _shape(cls)
    if not shape and content is None:
        return cls()
    if shape and isinstance(content, dict):
        return _struct_in(cls, content)  # type: ignore[no-any-return]
    _malformed(tag)


def _inner(document: Any) -> SignalMessage:
    """A message inside another: known, and not itself an envelope."""
    message = _message(document)
    if isinstance(message, UnknownSignal | FederatedSignalForward):
        _malformed("inner message")
    return message


# --- structures --------------------------------------------------------------------------------------------------


Shape: TypeAlias = tuple[tuple["Field[Any]", Convert, Convert], ...]
_SHAPES: dict[type, Shape] = {}


def _shape(cls: type) -> Shape:
    """Each field with how it is written and how it is read; worked out once per class."""
    if cls not in _SHAPES:
        hints = get_type_hints(cls, include_extras=True)
        _SHAPES[cls] = tuple((spec, *_converters(hints[spec.name])) for spec in fields(cls))
    return _SHAPES[cls]


def _struct_out(value: Any) -> dict[str, Any]:
    written = {}
    for spec, out, _ in _shape(type(value)):
        content = getattr(value, spec.name)
        if not (spec.metadata.get("omit") and content == spec.default):
            written[spec.name] = out(content)
    return written


def _struct_in(cls: type, document: Any) -> Any:
    if not isinstance(document, dict):
        _malformed(cls.__name__)
    read = {}
    for spec, _, into in _shape(cls):
        if spec.name not in document:
            if spec.default is MISSING:
                _malformed(f"{cls.__name__}.{spec.name} missing")
            continue
        content = document[spec.name]
        if content is None and spec.default == ():  # an absent list
            continue
        read[spec.name] = into(content)
    return cls(**read)


# --- values ------------------------------------------------------------------------------------------------------


def _converters(hint: Any) -> tuple[Convert, Convert]:
    """How a value of this type is written and read."""
    hint = getattr(hint, "__supertype__", hint)  # NewType
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated(*arguments)
    if origin in (Union, types.UnionType):
        return _optional(next(a for a in arguments if a is not types.NoneType))
    if origin is tuple:
        return _list(arguments[0])
    if hint is SignalMessage:
        return _tagged, _inner
    if hint is CodecId:
        return (lambda codec: codec.wire_name), _member({codec.wire_name: codec for codec in CodecId})
    if isinstance(hint, type) and issubclass(hint, Enum):
        return (lambda member: member.value), _member({member.value: member for member in hint})
    if is_dataclass(hint):
        return _struct_out, lambda document: _struct_in(hint, document)  # type: ignore[arg-type]
    return _PLAIN[hint]


def _annotated(base: type, limit: int) -> tuple[Convert, Convert]:
    """`bytes` of a fixed length, or an unsigned `int` with its greatest value."""
    if base is bytes:
        return list, lambda value: _bytes(value, limit)

    def number(value: Any) -> int:
        return value if type(value) is int and 0 <= value <= limit else _malformed("number")

    return _same, number


def _optional(inner: Any) -> tuple[Convert, Convert]:
    out, into = _converters(inner)
    return (lambda v: None if v is None else out(v)), (lambda v: None if v is None else into(v))


def _list(item: Any) -> tuple[Convert, Convert]:
    out, into = _converters(item)

    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > _MOST_ITEMS:
            _malformed("list")
        return tuple(map(into, value))

    return (lambda values: [out(value) for value in values]), read


def _member(members: dict[str, Any]) -> Convert:
    def read(value: Any) -> Any:
        found = members.get(value) if isinstance(value, str) else None
        return _malformed("name of an enumeration") if found is None else found

    return read


def _bytes(value: Any, length: int | None = None) -> bytes:
    if not isinstance(value, list) or (length is not None and len(value) != length):
        _malformed("byte array")
    if any(type(item) is not int or not 0 <= item <= 255 for item in value):
        _malformed("byte")
    return bytes(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        _malformed("text")
    if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        _malformed("lone surrogate")  # cannot be written again as UTF-8
    return value


def _flag(value: Any) -> bool:
    return value if isinstance(value, bool) else _malformed("boolean")


def _real(value: Any) -> float:
    if type(value) not in (int, float):
        _malformed("number")
    try:
        number = float(value)
    except OverflowError:
        _malformed("number")
    return number if math.isfinite(number) else _malformed("number")


def _same(value: Any) -> Any:
    return value


_PLAIN: dict[Any, tuple[Convert, Convert]] = {
    str: (_same, _text),
    bool: (_same, _flag),
    float: (_same, _real),
    bytes: (list, _bytes),
}
