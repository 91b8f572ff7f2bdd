"""Addresses: as people type them, and as numbers."""

from ipaddress import ip_address
from typing import TypeAlias

Address: TypeAlias = tuple[str, int]
"""Numeric host and UDP port."""

DEFAULT_PORT = 4433


def split_address(text: str, default_port: int = DEFAULT_PORT) -> tuple[str, int] | None:
    """`host`, `host:port` or `[v6]:port`; None where it is none of them."""
    text = text.strip()
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        port_text = rest[1:] if rest.startswith(":") else ("" if not rest else "?")
        if not bracket:
            return None
    elif text.count(":") > 1:
        host, port_text = text, ""
    else:
        host, _, port_text = text.partition(":")
    if not host or (port_text and not (port_text.isascii() and port_text.isdigit() and 0 < int(port_text) < 65_536)):
        return None
    return host, int(port_text or default_port)


def numeric_address(text: str) -> Address | None:
    """`1.2.3.4:5` or `[v6]:5`, in canonical form; None for names, scopes, missing ports and everything else."""
    parts = split_address(text, default_port=0)
    if parts is None or parts[1] == 0:
        return None
    try:
        host = str(ip_address(parts[0]))
    except ValueError:
        return None
    return None if "%" in host or (":" in host) != text.strip().startswith("[") else (host, parts[1])


def address_text(address: Address) -> str:
    """The form that signals carry."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
