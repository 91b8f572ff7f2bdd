"""Addresses as people type them."""

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
