"""Declared fields ↔ plain values (dict, list, str, int, float, bool, None), checked both ways.

Everything follows from the dataclasses: a shape is built once for each class, so that decoding only walks it.
"""

import math
import struct
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from functools import cache, lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, TypeAlias, Union, get_args, get_origin, get_type_hints

from wzp_core.protocol.profile import CodecId
from wzp_core.protocol.signal.base import OMITTED

Convert: TypeAlias = Callable[[Any], Any]

_ABSENT: Final = object()
_INTEGERS: Final = {int}


class Mismatch(ValueError):
    """A value is not what its field declares; the text is the path to the field and what was wanted."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Both ways between a value and its plain form; both raise ValueError."""

    to_plain: Convert
    from_plain: Convert


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    shape: Shape
    is_required: bool
    is_omitted: bool


@cache
def shape_of(hint: Any) -> Shape:
    """The shape of a declared type; raises TypeError for one that has none."""
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if supertype := getattr(hint, "__supertype__", None):  # a NewType
        return shape_of(supertype)
    arguments = get_args(hint)
    origin = get_origin(hint)
    if origin is Annotated:
        return _wide(*arguments)
    if origin in (Union, UnionType):
        (inner,) = (argument for argument in arguments if argument is not NoneType)
        return _optional(shape_of(inner))
    if origin is tuple:
        return _list(shape_of(arguments[0]))
    if is_dataclass(hint):
        return _struct(hint)
    if issubclass(hint, Enum):
        return _enum(hint)
    raise TypeError(f"no plain form for {hint}")


def register(hint: type, shape: Shape) -> None:
    """Adds a type that is neither built in nor a dataclass of its own."""
    _SIMPLE[hint] = shape


def _struct(kind: Any) -> Shape:
    plan = tuple(_plan(kind))

    def from_plain(value: Any) -> Any:
        if type(value) is not dict:
            raise Mismatch("an object wanted")
        given = {}
        name = ""
        try:
            for field in plan:
                name = field.name
                found = value.get(name, _ABSENT)
                if found is not _ABSENT:
                    given[name] = field.shape.from_plain(found)
                elif field.is_required:
                    raise Mismatch("missing")
        except ValueError as error:
            raise Mismatch(f"{name}: {error}") from None
        return kind(**given)

    def to_plain(value: Any) -> dict[str, Any]:
        plain = {}
        for field in plan:
            found = getattr(value, field.name)
            if field.is_omitted and (found is None or found == ()):
                continue
            try:
                plain[field.name] = field.shape.to_plain(found)
            except ValueError as error:
                raise Mismatch(f"{field.name}: {error}") from None
        return plain

    return Shape(to_plain, from_plain)


def _plan(kind: Any) -> list[_Field]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        _Field(
            name=spec.name,
            shape=shape_of(hints[spec.name]),
            is_required=spec.default is MISSING,
            is_omitted=OMITTED in spec.metadata,
        )
        for spec in fields(kind)
    ]


def _optional(inner: Shape) -> Shape:
    to_plain, from_plain = inner.to_plain, inner.from_plain
    return Shape(
        lambda value: None if value is None else to_plain(value),
        lambda value: None if value is None else from_plain(value),
    )


def _list(item: Shape) -> Shape:
    item_to_plain, item_from_plain = item.to_plain, item.from_plain

    def from_plain(value: Any) -> tuple[Any, ...]:
        if type(value) is not list:
            raise Mismatch("a list wanted")
        return tuple(map(item_from_plain, value))

    return Shape(lambda value: list(map(item_to_plain, value)), from_plain)


def _enum(kind: type[Enum]) -> Shape:
    names = {member: member.wire_name if isinstance(member, CodecId) else member.value for member in kind}
    members = {name: member for member, name in names.items()}

    def from_plain(value: Any) -> Enum:
        if type(value) is not str or value not in members:
            raise Mismatch(f"a {kind.__name__} wanted")
        return members[value]

    return Shape(names.__getitem__, from_plain)


def _wide(base: type, width: int) -> Shape:
    """A width is the greatest value of an `int`, the exact length of `bytes`, the bits of a `float` (always 32)."""
    if base is int:
        return _unsigned(width)
    return _bytes(width) if base is bytes else Shape(_single, _single)


def _unsigned(highest: int) -> Shape:
    def checked(value: Any) -> int:
        if type(value) is not int or not 0 <= value <= highest:
            raise Mismatch(f"an integer from 0 to {highest} wanted")
        return value

    return Shape(checked, checked)


def _bytes(length: int | None = None) -> Shape:
    def from_plain(value: Any) -> bytes:
        if type(value) is not list or not set(map(type, value)) <= _INTEGERS:
            raise Mismatch("a list of numbers wanted")
        data = bytes(value)  # a ValueError where one is out of range
        if length is not None and len(data) != length:
            raise Mismatch(f"{length} numbers wanted")
        return data

    def to_plain(value: bytes) -> list[int]:
        if length is not None and len(value) != length:
            raise Mismatch(f"{length} bytes wanted")
        return list(value)

    return Shape(to_plain, from_plain)


def _text(value: Any) -> str:
    if type(value) is not str:
        raise Mismatch("text wanted")
    if not value.isascii():
        value.encode()  # lone surrogates have no UTF-8: UnicodeEncodeError, a ValueError
    return value


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise Mismatch("true or false wanted")
    return value


def _single(value: Any) -> float:
    """Narrowed to what another implementation holds and prints: 0.2, not 0.20000000298."""
    if type(value) not in (int, float):
        raise Mismatch("a number wanted")
    try:
        return _shortest(float(value))
    except OverflowError:
        raise Mismatch("a number of single precision wanted") from None


@lru_cache(maxsize=256)
def _shortest(value: float) -> float:
    """The number of fewest decimals that is the same in single precision; raises OverflowError where none is."""
    if not math.isfinite(value):
        raise OverflowError
    single = struct.pack(">f", value)
    (exact,) = struct.unpack(">f", single)
    candidates = (float(f"{exact:.{digits}g}") for digits in range(1, 10))
    return next(short for short in candidates if _packed(short) == single)


def _packed(value: float) -> bytes | None:
    try:
        return struct.pack(">f", value)
    except OverflowError:
        return None


_SIMPLE: Final[dict[Any, Shape]] = {
    str: Shape(_text, _text),
    bool: Shape(_boolean, _boolean),
    bytes: _bytes(),
}
