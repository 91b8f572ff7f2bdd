"""What the main process and its workers say to each other: plain values, which a network could carry as well."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Protocol, TypeAlias, get_args

from relay.config import RelayConfig, checked, merged, options
from relay.decide.session_record import SessionRecord
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.ports import Address
from wzp_core.protocol.signal.base import U8, U16, U64, Key32
from wzp_core.protocol.signal.shape import Mismatch, shape_of

LONGEST_MESSAGE = 1 << 20  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Who wants into a room, whose signature the asker has checked."""

    room: str
    who: str
    host: str
    stream_id: U8 | None  # as wished
    follows: bool  # goes to another port when told to


# --- of a worker -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    port: U16


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Cannot serve."""

    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Admit:
    """Asks for a place, which is held until `Left` with the same number."""

    number: U64
    visit: Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    number: U64


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    name: str
    value: U64


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """Since the worker's start; each second, so that one that hangs is noticed."""

    counts: tuple[Total, ...]
    handshakes: tuple[Total, ...]
    cpu_ms: U64


@dataclass(frozen=True, slots=True, kw_only=True)
class Fares:
    """All participants that there are now; now and then, where somebody may ask for metrics."""

    sessions: tuple[SessionRecord, ...]


# --- of the main process ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    seed: Key32
    host: str
    port: U16
    settings: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconfigure:
    settings: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """To `Admit` with that number: the place is here, or elsewhere, or there is none."""

    number: U64
    stream_id: U8 | None = None  # None: any that is free
    port: U16 | None = None  # to go to instead; 0 is the main one
    refusal: ErrorCode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacate:
    """The room is elsewhere from now on."""

    room: str


Message: TypeAlias = Ready | Failed | Admit | Left | Stats | Fares | Start | Reconfigure | Answer | Vacate


class Bus(Protocol):
    """One end of the way between the main process and a worker."""

    def send(self, message: Message) -> None: ...

    async def receive(self) -> Message:
        """Raises Unavailable(LINK_CLOSED), and RemoteViolation for what is no message."""

    def close(self) -> None: ...


_KINDS: Final[dict[str, type[Message]]] = {kind.__name__: kind for kind in get_args(Message)}


def encode(message: Message) -> bytes:
    kind: Any = type(message)
    return json.dumps({kind.__name__: shape_of(kind).to_plain(message)}, separators=(",", ":")).encode()


def decode(data: bytes) -> Message:
    """Raises RemoteViolation(MALFORMED_SIGNAL)."""
    try:
        value = json.loads(data)
        if type(value) is not dict or len(value) != 1:
            raise Mismatch("one message wanted")
        ((name, content),) = value.items()
        kind: Any = _KINDS.get(name)
        if kind is None:
            raise Mismatch("a known message wanted")
        message: Message = shape_of(kind).from_plain(content)
    except (ValueError, RecursionError) as error:
        raise RemoteViolation(ErrorCode.MALFORMED_SIGNAL, why=str(error)) from None
    return message


# --- settings --------------------------------------------------------------------------------------------------


def settings_text(config: RelayConfig) -> str:
    """What workers need of the configuration, as TOML has it: all single values, and the rules of rooms."""
    values: dict[str, Any] = {
        spec.name: value
        for spec in options()
        if isinstance(value := getattr(config, spec.name), (bool, int, float, str))
    }
    values["rooms"] = [
        asdict(rule) | {"allow": None if rule.allow is None else sorted(rule.allow)} for rule in config.rooms
    ]
    return json.dumps(values)


def configured(settings: str, listen: Address) -> RelayConfig:
    """Raises Unavailable(BAD_SETTINGS)."""
    given = json.loads(settings)
    values = {spec.name: checked(spec, given[spec.name]) for spec in options() if spec.name in given}
    return replace(merged([values]), listen=listen)
