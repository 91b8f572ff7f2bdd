"""Settings ↔ TOML text; both directions follow the declarations of `schema.py`."""

import json
import math
import tomllib
import typing
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from wzp_core.errors import ErrorCode, LocalMisuse
from wzp_core.settings.migrate import VERSION, migrate
from wzp_core.settings.schema import Settings

_Section = TypeVar("_Section")


def settings_of(text: str) -> Settings:
    """Missing keys take their defaults, unknown ones are passed over.

    Raises LocalMisuse(BAD_SETTINGS, name=…) for text that is no TOML and for a value its declaration forbids.
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise LocalMisuse(ErrorCode.BAD_SETTINGS, name="document", why=str(error)) from None
    return _section(Settings, migrate(document), "")


def text_of(settings: Settings) -> str:
    """The document that `settings_of` reads back as the same settings."""
    return "\n".join([f"version = {VERSION}", *_lines(settings, ""), ""])


def _section(kind: type[_Section], table: Any, path: str) -> _Section:
    if not isinstance(table, dict):
        raise _wrong(path.rstrip("."), table)
    kinds = typing.get_type_hints(kind)
    known = {spec.name: spec for spec in fields(kind)}  # type: ignore[arg-type]  # sections are dataclasses
    values = {name: _value(kinds[name], table[name], f"{path}{name}") for name in known if name in table}
    try:
        return kind(**values)
    except LocalMisuse as error:
        raise _wrong(f"{path}{error.facts['name']}", error.facts["value"]) from None
    except TypeError:  # a key without default is missing
        raise _wrong(path.rstrip("."), table) from None


def _value(kind: Any, value: Any, path: str) -> Any:
    if is_dataclass(kind) and isinstance(kind, type):
        return _section(kind, value, f"{path}.")
    if typing.get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise _wrong(path, value)
        item = typing.get_args(kind)[0]
        return tuple(_section(item, entry, f"{path}.{place}.") for place, entry in enumerate(value))
    if kind is float and type(value) is int and abs(value) < 1 << 53:
        return float(value)
    if type(value) is not kind or value in (math.inf, -math.inf) or value != value:  # not isinstance: true is no number
        raise _wrong(path, value)
    return value


def _lines(section: Any, path: str) -> Iterator[str]:
    """Plain values first, as TOML wants them, then the tables below."""
    values = {spec.name: getattr(section, spec.name) for spec in fields(section)}
    plain = {name: value for name, value in values.items() if not isinstance(value, tuple) and not is_dataclass(value)}
    yield from (f"{name} = {_scalar(value)}" for name, value in plain.items())
    for name, value in values.items():
        if name not in plain:
            yield from _tables(value, f"{path}{name}")


def _tables(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, tuple):
        for entry in value:
            yield from ("", f"[[{path}]]", *_lines(entry, f"{path}."))
    else:
        yield from ("", f"[{path}]", *_lines(value, f"{path}."))


def _scalar(value: str | bool | int | float) -> str:
    """JSON's spelling is TOML's, but for the delete character and for what no UTF-8 file can hold."""
    if isinstance(value, str):
        value = value.encode("utf-8", "replace").decode()
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _wrong(name: str, value: object) -> LocalMisuse:
    return LocalMisuse(ErrorCode.BAD_SETTINGS, name=name, value=value)
