"""Signals ↔ tagged JSON (signals.md §1)."""

import json
from dataclasses import fields
from functools import cache
from typing import Any, Final, NoReturn

from wzp_core.errors import ErrorCode, LocalMisuse, RemoteViolation
from wzp_core.protocol.signal import auth, call, federation, path, presence, quality, room, succession
from wzp_core.protocol.signal.base import SignalMessage, UnknownSignal, class_of, tag_of
from wzp_core.protocol.signal.shape import Mismatch, Shape, register, shape_of

FAMILIES: Final = (auth, call, federation, path, presence, quality, room, succession)
"""To import them is to register their messages."""

_LONGEST_TAG: Final = 64


def encode(message: SignalMessage) -> bytes:
    """Compact JSON. Raises LocalMisuse(BAD_VALUE) for a value that its field cannot hold."""
    try:
        return _to_json(_to_tagged(message)).encode()
    except ValueError as error:
        raise LocalMisuse(ErrorCode.BAD_VALUE, what=type(message).__name__, why=str(error)) from None


def decode(data: bytes) -> SignalMessage:
    """The message, or `UnknownSignal` for a tag of a newer protocol; unknown fields are ignored.

    Raises RemoteViolation(MALFORMED_SIGNAL) for everything else. The caller bounds the length.
    """
    try:
        return _from_tagged(_from_json(data.decode()))
    except (ValueError, RecursionError) as error:
        raise RemoteViolation(ErrorCode.MALFORMED_SIGNAL, why=str(error)) from None


# --- tags ------------------------------------------------------------------------------------------------------


def _to_tagged(message: SignalMessage) -> Any:
    kind: Any = type(message)
    tag = tag_of(kind)
    if tag is None:
        raise Mismatch(f"{kind.__name__} cannot be sent")
    return tag if _is_unit(kind) else {tag: shape_of(kind).to_plain(message)}


def _from_tagged(value: Any) -> SignalMessage:
    """A unit is a bare string, or an object that holds null, as serde takes it too."""
    tag, content = _tag_and_content(value)
    kind: Any = class_of(tag)
    if kind is None:
        return UnknownSignal(tag[:_LONGEST_TAG])
    if _is_unit(kind):
        if content is not None:
            raise Mismatch(f"{tag}: no fields wanted")
        content = {}
    message: SignalMessage = shape_of(kind).from_plain(content)
    return message


def _tag_and_content(value: Any) -> tuple[str, Any]:
    if type(value) is dict and len(value) == 1:
        ((value, content),) = value.items()
    else:
        content = None
    text: str = shape_of(str).from_plain(value)
    return text, content


@cache
def _is_unit(kind: Any) -> bool:
    return not fields(kind)


def _inner_from_plain(value: Any) -> SignalMessage:
    """A message inside another: known, and with none inside itself."""
    tag, _ = _tag_and_content(value)
    if class_of(tag) in (None, federation.FederatedSignalForward):
        raise Mismatch("not to be forwarded")
    return _from_tagged(value)


def _inner_to_plain(message: SignalMessage) -> Any:
    if isinstance(message, federation.FederatedSignalForward):
        raise Mismatch("not to be forwarded")
    return _to_tagged(message)


register(SignalMessage, Shape(_inner_to_plain, _inner_from_plain))


# --- JSON ------------------------------------------------------------------------------------------------------


def _no_constant(name: str) -> NoReturn:
    raise Mismatch(f"{name} is no number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise Mismatch("a key twice")
    return unique


_to_json: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_from_json: Final = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_unique).decode
