"""Older settings documents → the present form, one version at a time."""

from collections.abc import Callable
from typing import Any, TypeAlias

from wzp_core.errors import ErrorCode, LocalMisuse

Document: TypeAlias = dict[str, Any]

_STEPS: tuple[Callable[[Document], Document], ...] = ()  # [n]: version n + 1 → n + 2
VERSION = 1 + len(_STEPS)


def migrate(document: Document) -> Document:
    """The document as of the present version. Raises LocalMisuse(BAD_SETTINGS) for a version from the future."""
    version = document.get("version", 1)
    if type(version) is not int or not 1 <= version <= VERSION:
        raise LocalMisuse(ErrorCode.BAD_SETTINGS, name="version", value=version)
    for step in _STEPS[version - 1 :]:
        document = step(document)
    return document | {"version": VERSION}
