"""What every signal message is, and the registry of their tags."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, TypeAlias, TypeVar

Key32: TypeAlias = Annotated[bytes, 32]
"""Exactly 32 bytes: a public key, a hash or a nonce."""

U8: TypeAlias = Annotated[int, (1 << 8) - 1]
U16: TypeAlias = Annotated[int, (1 << 16) - 1]
U32: TypeAlias = Annotated[int, (1 << 32) - 1]
U64: TypeAlias = Annotated[int, (1 << 64) - 1]

F32: TypeAlias = Annotated[float, 32]
"""Any finite number of single precision."""


OMITTED: Final = "omitted"


class SignalMessage:
    """One signal; its class says which, its fields are the JSON fields (signals.md).

    One that came from a peer has the declared types and widths and no more: an id is any text, a list of any length.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class UnknownSignal(SignalMessage):
    """A tag of a later version: counted and skipped, never an error."""

    tag: str


MessageT = TypeVar("MessageT", bound=type[SignalMessage])

_BY_TAG: dict[str, type[SignalMessage]] = {}
_TAGS: dict[type[SignalMessage], str] = {}


def signal(tag: str) -> Callable[[MessageT], MessageT]:
    """Registers a message class under its wire name; outermost, because slots=True remakes the class."""

    def register(cls: MessageT) -> MessageT:
        _BY_TAG[tag] = cls
        _TAGS[cls] = tag
        return cls

    return register


def class_of(tag: str) -> type[SignalMessage] | None:
    return _BY_TAG.get(tag)


def tag_of(cls: type[SignalMessage]) -> str | None:
    """None for a class that cannot be sent."""
    return _TAGS.get(cls)


def all_tags() -> tuple[str, ...]:
    return tuple(_BY_TAG)


def omitted(default: Any = None) -> Any:
    """A field that is left out of the JSON where it has its default; any other optional field is written as null."""
    return field(default=default, metadata={OMITTED: True})
