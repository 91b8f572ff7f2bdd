"""Takes out of a text what would tell who somebody is or where; equal things stay equal."""

import re
from collections.abc import Callable, Iterable
from ipaddress import ip_address

_FINGERPRINT = re.compile(
    r"\b(?:[0-9a-f]{2}:){15,}[0-9a-f]{2}\b"  # of a certificate
    r"|\b[0-9a-f]{4}(?::[0-9a-f]{4}){2,}(?::[0-9a-f]{1,4})?\b"  # of an identity, whole or shortened
    r"|\b[0-9a-f]{32,}\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"\b\d{1,3}(?:\.\d{1,3}){3}\b|(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", re.IGNORECASE
)
_URL = re.compile(r"\b[a-z]+://[^\s'\"]+", re.IGNORECASE)
_HOST = re.compile(r"\b(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*(?=:\d)", re.IGNORECASE)
_NAMED = re.compile(r"\b(alias|name|label|room|host|server_name|user)=('[^']*'|\"[^\"]*\"|\S+)")
_SHORTEST_NAME = 2


class Redactor:
    """Replaces fingerprints, addresses, hosts and the given names by `<kind number>`."""

    def __init__(self, names: Iterable[str], home: str = "") -> None:
        """`home`: the folder that file names are told from."""
        self._home = home.rstrip("/")
        self._seen: dict[tuple[str, str], int] = {}
        known = sorted({name for name in names if len(name) >= _SHORTEST_NAME}, key=len, reverse=True)
        self._names = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in known)) if known else None

    def __call__(self, text: str) -> str:
        if self._home:
            text = text.replace(self._home, "~")
        if self._names is not None:
            text = self._names.sub(self._as("name"), text)
        text = _NAMED.sub(self._named, text)
        text = _URL.sub(self._as("link"), text)
        text = _FINGERPRINT.sub(self._as("id"), text)
        text = _ADDRESS.sub(self._address, text)
        return _HOST.sub(self._as("host"), text)

    def _as(self, kind: str) -> Callable[[re.Match[str]], str]:
        return lambda match: self._number(kind, match[0])

    def _number(self, kind: str, value: str) -> str:
        number = self._seen.setdefault((kind, value.lower()), len(self._seen) + 1)
        return f"<{kind} {number}>"

    def _named(self, match: re.Match[str]) -> str:
        value = match[2]
        if value.startswith(("<", "call-")):  # done already; the room of a call is named by its number
            return match[0]
        return f"{match[1]}={self._number('name', value)}"

    def _address(self, match: re.Match[str]) -> str:
        """Loopback stays, and what looks like an address but is none, such as a time."""
        try:
            address = ip_address(match[0])
        except ValueError:
            return match[0]
        if address.is_loopback or address.is_unspecified:
            return match[0]
        return self._number("private address" if address.is_private else "address", match[0])
