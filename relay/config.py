"""Every option of the relay, once: default, words, key, flag and bounds."""

import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.ports import Address
from wzp_core.protocol.address import numeric_address, split_address
from wzp_core.protocol.ids import Fingerprint, TlsFingerprint, parse_fingerprint, parse_tls_fingerprint

LOG_LEVELS = ("debug", "info", "warning", "error")
DEFAULT_DATA_DIR = Path("~/.wzp")
IDENTITY_FILE = "relay-identity"
_LONGEST_LABEL = 64
_LONGEST_ROOM_NAME = 253
_MOST_WORKERS = 64
MOST_MEMBERS = 255  # as many as there are stream ids
EACH, WEAKEST = ROOM_QUALITIES = ("each", "weakest")
MOST_LOUDEST = 32  # nobody listens to more at once


def _option(
    default: Any,
    words: str,
    *,
    key: str = "",
    alias: str = "",
    read: Callable[[Any], Any] | None = None,
    low: float = 0,
    high: float = float("inf"),
    choices: tuple[str, ...] = (),
    many: bool = False,
    flag: str = "",
    table: tuple[str, ...] = (),
) -> Any:
    """A field that knows its meaning, its TOML key where that is not its name, an older key, its reader and bounds.

    One of `many` holds a tuple: a list in the file, to which each use of the flag adds one. Where its items are
    TOML tables, `table` is what one looks like, and it has only the flag that is given here, if any.
    """
    meta = {"words": words, "key": key, "alias": alias, "read": read, "low": low, "high": high, "choices": choices}
    return field(default=default, metadata=meta | {"many": many, "flag": flag, "table": table})


def _listen_address(text: Any) -> Address:
    host, colon, port = str(text).rpartition(":")
    if not colon or not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise ValueError("wants ADDRESS:PORT")
    return str(ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))), int(port)


def _reachable_address(text: Any) -> str:
    if text == "":
        return ""
    host, colon, port = str(text).rpartition(":")
    if not host or not colon or not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        raise ValueError("wants HOST:PORT")
    return str(text)


def _own_address(text: Any) -> str:
    return str(ipaddress.ip_address(str(text)))


def _bearer_token(text: Any) -> str:
    if text != "" and not re.fullmatch(r"[A-Za-z0-9._~+/=-]{16,256}", str(text)):
        raise ValueError("wants 16 to 256 letters, digits or . _ ~ + / = -")
    return str(text)


def _relay_address(text: Any) -> Address:
    address = numeric_address(str(text))
    if address is None:
        raise ValueError("wants ADDRESS:PORT, the address as a number")
    return address


def _web_address(text: Any) -> str:
    parts = urlsplit(str(text))
    if text and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError("wants http://… or https://…")
    return str(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedRelay:
    """Another relay that may link with this one."""

    fingerprint: TlsFingerprint
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerRelay(TrustedRelay):
    """One that this relay dials."""

    url: str


def _peer(table: Any) -> PeerRelay:
    trusted, url = _trusted(table), table.get("url")
    if type(url) is not str or split_address(url) is None:
        raise ValueError("wants a url HOST:PORT")
    return PeerRelay(url=url.strip(), fingerprint=trusted.fingerprint, label=trusted.label)


def _trusted(table: Any) -> TrustedRelay:
    if type(table) is not dict:
        raise ValueError("wants a table")
    label = table.get("label", "")
    if type(label) is not str or len(label) > _LONGEST_LABEL or not (label.isprintable() or not label):
        raise ValueError(f"wants a label of at most {_LONGEST_LABEL} printable letters")
    try:
        return TrustedRelay(fingerprint=parse_tls_fingerprint(str(table.get("fingerprint"))), label=label.strip())
    except RemoteViolation:
        raise ValueError("wants the certificate's fingerprint, 64 hex digits") from None


def _global_room(table: Any) -> str:
    name = table.get("name") if type(table) is dict else table
    if type(name) is not str or not 0 < len(name.strip()) <= _LONGEST_ROOM_NAME:
        raise ValueError("wants the name of a room")
    return name.strip().lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomRule:
    """What is different in one room."""

    name: str  # as people type it, or the hash that hides it
    allow: frozenset[Fingerprint] | None = None  # None is everybody
    loudest: int | None = None  # None is as in other rooms
    quality: str | None = None  # None is as in other rooms


def _room_rule(table: Any) -> RoomRule:
    if type(table) is not dict:
        raise ValueError("wants a table")
    name, allow, loudest, quality = (table.get(key) for key in ("name", "allow", "loudest", "quality"))
    if type(name) is not str or not 0 < len(name.strip()) <= _LONGEST_ROOM_NAME:
        raise ValueError("wants the name of a room")
    if unknown := sorted(table.keys() - {spec.name for spec in fields(RoomRule)}):
        raise ValueError(f"knows no {unknown[0]!r}")  # a misspelt rule must not leave a room open
    if loudest is not None and (type(loudest) is not int or not 0 <= loudest <= MOST_LOUDEST):
        raise ValueError(f"wants loudest from 0 to {MOST_LOUDEST}")
    if quality not in (None, *ROOM_QUALITIES):
        raise ValueError(f"wants quality to be one of {', '.join(ROOM_QUALITIES)}")
    allowed = None if allow is None else _fingerprints(allow)
    return RoomRule(name=name.strip(), allow=allowed, loudest=loudest, quality=quality)


def _fingerprints(texts: Any) -> frozenset[Fingerprint]:
    try:
        if type(texts) is not list:
            raise ValueError("wants a list of fingerprints")
        return frozenset(parse_fingerprint(str(text)) for text in texts)
    except RemoteViolation:
        raise ValueError("wants fingerprints of 32 hex digits") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayConfig:
    """What one relay runs with (relay.md §1)."""

    listen: tuple[str, int] = _option(
        ("0.0.0.0", 4433),  # noqa: S104  # a relay is there for everybody
        "UDP address to listen on, ADDRESS:PORT",
        key="listen_addr",
        read=_listen_address,
    )
    advertised_addr: str = _option(
        "", "HOST:PORT that clients are told, for a relay behind address translation", read=_reachable_address
    )
    name: str = _option("", "name of this relay for people")
    region: str = _option("", "region that clients are told")
    workers: int = _option(
        0,
        "processes that rooms of this relay alone are spread over, on the UDP ports after that one, each with the rates"
        " of connections and packets below; 0 has all in one",
        high=_MOST_WORKERS,
    )
    auth_url: str = _option("", "web service that says whose token it is; empty lets everybody in", read=_web_address)
    require_signatures: bool = _option(False, "refuse registrations without a signature, as older clients send them")
    max_sessions: int = _option(100, "most participants in all rooms together", low=1)
    max_rooms: int = _option(1000, "most rooms at once, those of calls not counted", low=1)
    max_room_members: int = _option(MOST_MEMBERS, "most participants in one room", low=2, high=MOST_MEMBERS)
    loudest: int = _option(
        0, "pass on only so many speakers of a room at once, the loudest; 0 = all", low=0, high=MOST_LOUDEST
    )
    trunking: bool = _option(
        False,
        "send several packets of a room in one datagram, up to 5 ms later, to clients that can take that",
        alias="trunking_enabled",
    )
    room_quality: str = _option(
        EACH,
        "each sends in a room what its own path carries, or all no more than the weakest member's path carries",
        choices=ROOM_QUALITIES,
    )
    max_clients: int = _option(10_000, "most registered clients", low=1)
    max_calls_per_client: int = _option(8, "most calls one client may be in at once", low=1)
    max_rooms_per_client: int = _option(16, "most rooms, calls included, one client may be in at once", low=1)
    max_undecided_links: int = _option(256, "most connections that are not yet a client or participant", low=1)
    max_share_per_address: float = _option(
        0.5,
        "part of all these places that one address (or IPv6 /64) other than loopback may hold; 1 behind a proxy",
        high=1,
    )
    offers_per_minute: float = _option(20.0, "most calls one client may place in a minute", low=1)
    offers_per_minute_and_address: float = _option(120.0, "most calls placed from one address in a minute", low=1)
    registrations_per_minute: float = _option(30.0, "most times one client may register in a minute", low=1)
    registrations_per_minute_and_address: float = _option(
        1500.0, "most registrations from one address in a minute", low=1
    )
    signals_per_second: float = _option(50.0, "most signals one client may send in a second, on average", low=1)
    signal_kbit_per_second: float = _option(512.0, "most signal data of one client, kbit/s, on average", low=1)
    connections_per_second: float = _option(50.0, "most new connections of one address in a second, on average", low=1)
    handshakes_per_second: float = _option(150.0, "most new connections in a second, on average", low=1)
    packets_per_second: float = _option(
        500.0, "most UDP packets of one client read in a second, beside one for each that it was sent", low=1
    )
    packets_per_second_and_address: float = _option(5000.0, "the same for all clients of one address", low=1)
    media_packets_per_second: float = _option(
        200.0, "most packets of one participant passed on in a second, on average", low=1
    )
    media_kbit_per_second: float = _option(800.0, "most data of one participant passed on, kbit/s, on average", low=1)
    http_port: int = _option(
        0, "TCP port for /metrics, /healthz and /presence; 0 is none", alias="metrics_port", high=65_535
    )
    http_host: str = _option(
        "127.0.0.1", "address of that port; other than loopback wants http_token", read=_own_address
    )
    http_token: str = _option(
        "",
        "what the bearer of every HTTP request but /healthz has to know; better in a file than a flag",
        read=_bearer_token,
    )
    probe: tuple[Address, ...] = _option(
        (),
        "relay to watch, ADDRESS:PORT: it is told who is here, and relays at its address (nobody else) are believed"
        " about who is there; may be given again",
        key="probe_targets",
        read=_relay_address,
        many=True,
    )
    probe_mesh: bool = _option(False, "as in older set-ups; all relays to watch are always watched at once")
    federation_trust_hello: bool = _option(
        False, "take older relays, which show no certificate, for whom they say they are"
    )
    log_level: str = _option("info", "least important log lines to write", choices=LOG_LEVELS)
    debug_tap: str = _option("", "room whose packets and events are logged one by one; * is every room")
    event_log: str = _option(
        "",
        "file for one JSON object per packet and event, beginning anew, below 128 MiB; worker N has FILE.worker-N",
    )
    peers: tuple[PeerRelay, ...] = _option(
        (),
        "relays to share users and rooms with: this one dials them",
        read=_peer,
        many=True,
        table=('url = "203.0.113.5:4433"', 'fingerprint = "aa:bb:…"', 'label = "Relay B"'),
    )
    trusted: tuple[TrustedRelay, ...] = _option(
        (),
        "relays that may dial this one",
        read=_trusted,
        many=True,
        table=('fingerprint = "aa:bb:…"', 'label = "Relay C"'),
    )
    global_rooms: tuple[str, ...] = _option(
        (),
        "room that spans all those relays; may be given again",
        read=_global_room,
        many=True,
        flag="global-room",
        table=('name = "general"',),
    )
    rooms: tuple[RoomRule, ...] = _option(
        (),
        "rooms with rules of their own: who is let in, how many speakers are passed on, what is sent",
        read=_room_rule,
        many=True,
        table=('name = "board"', 'allow = ["518e:b935:…"]', "loudest = 0", 'quality = "each"'),
    )
    data_dir: Path = DEFAULT_DATA_DIR  # this and the next by flag only
    identity: Path | None = None  # seed file, where it is not the one in the data directory

    def __post_init__(self) -> None:
        if self.http_port and not self.http_token and not ipaddress.ip_address(self.http_host).is_loopback:
            reason = f"is needed where {self.http_host} lets others ask; or set http_host to 127.0.0.1"
            raise Unavailable(ErrorCode.BAD_SETTINGS, what="http_token", reason=reason)
        if self.workers and os.name != "posix":
            raise Unavailable(ErrorCode.BAD_SETTINGS, what="workers", reason="is for POSIX systems")

    @property
    def identity_path(self) -> Path:
        return (self.identity or self.data_dir / IDENTITY_FILE).expanduser()


def toml_key(spec: "Field[Any]") -> str:
    return spec.metadata["key"] or spec.name


def options() -> "list[Field[Any]]":
    """The fields that a file may set, and a flag too unless they are tables."""
    return [spec for spec in fields(RelayConfig) if spec.metadata]


def read_document(text: str) -> tuple[dict[str, Any], list[str]]:
    """Checked values by field name, and the keys that mean nothing here. Raises Unavailable(BAD_SETTINGS)."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unavailable(ErrorCode.BAD_SETTINGS, what="TOML", reason=error) from None
    specs = {key: spec for spec in options() for key in (spec.metadata["alias"], toml_key(spec)) if key}
    values = {specs[key].name: checked(specs[key], value) for key, value in document.items() if key in specs}
    return values, [key for key in document if key not in specs]


def checked(spec: "Field[Any]", value: Any) -> Any:
    """A value of a file or flag as the field wants it. Raises Unavailable(BAD_SETTINGS)."""
    meta = spec.metadata
    try:
        if meta["many"]:
            _check_type(value, [])
            return tuple(meta["read"](item) for item in value)
        if meta["read"] is not None:
            return meta["read"](value)
        _check_type(value, spec.default)
        if isinstance(value, (int, float)) and not meta["low"] <= value <= meta["high"]:
            upto = "" if meta["high"] == float("inf") else f" and at most {meta['high']}"
            raise ValueError(f"wants at least {meta['low']}{upto}")
        if meta["choices"] and value not in meta["choices"]:
            raise ValueError(f"wants one of {', '.join(meta['choices'])}")
    except ValueError as error:
        raise Unavailable(ErrorCode.BAD_SETTINGS, what=toml_key(spec), reason=error) from None
    return value


def _check_type(value: Any, default: Any) -> None:
    wanted: tuple[type, ...] = (int, float) if isinstance(default, float) else (type(default),)
    if not isinstance(value, wanted) or (isinstance(value, bool) and not isinstance(default, bool)):
        raise ValueError(f"wants {wanted[-1].__name__}")


def merged(sources: Iterable[Mapping[str, Any]]) -> RelayConfig:
    """The configuration of several sources of checked values; the last one wins, but lists grow."""
    lists = {spec.name for spec in options() if spec.metadata["many"]}
    values: dict[str, Any] = {}
    for source in sources:
        for name, value in source.items():
            values[name] = (*values.get(name, ()), *value) if name in lists else value
    return RelayConfig(**values)


def example_document() -> str:
    """A configuration file with every key, its meaning and its default, all but the address commented out."""
    lines = ["# Configuration of wzp-relay. Flags on the command line win over this file.", ""]
    for spec in options():
        if table := spec.metadata["table"]:
            lines += [f"# {spec.metadata['words']}", f"# [[{toml_key(spec)}]]", *(f"#   {line}" for line in table), ""]
            continue
        mark = "" if spec.name == "listen" else "# "
        lines += [f"# {spec.metadata['words']}", f"{mark}{toml_key(spec)} = {_toml_value(spec.default)}", ""]
    return "\n".join(lines)


def _toml_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value == ():
        return "[]"
    if isinstance(value, tuple):
        host, port = value
        return f'"{host}:{port}"'
    return f'"{value}"' if isinstance(value, str) else str(value)
