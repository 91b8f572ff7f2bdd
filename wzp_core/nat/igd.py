"""Asking a router by UPnP: SSDP and SOAP messages ↔ text (Internet Gateway Device 1 and 2; calls.md §4.3).

All that comes in was written by whoever answered in this network.  Readers raise RemoteViolation, and take time that
grows with the length of the text only.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import urljoin, urlsplit
from xml.sax.saxutils import escape

from wzp_core.errors import ErrorCode, RemoteViolation

SSDP_PORT: Final = 1900
SSDP_GROUP: Final = "239.255.255.250"
SSDP_GROUP_6: Final = "ff02::c"
FORWARDING: Final = ("WANIPConnection:1", "WANIPConnection:2", "WANPPPConnection:1")
FIREWALL: Final = ("WANIPv6FirewallControl:1",)

_LONGEST_URL: Final = 512
_UDP: Final = "17"
_SERVICE: Final = "urn:schemas-upnp-org:service:"
_KIND: Final = re.compile(r"<serviceType>\s*([^<\s]+)")
_CONTROL: Final = re.compile(r"<controlURL>\s*([^<\s]+)")
_LOCATION: Final = re.compile(r"(?im)^location:[ \t]*(\S+)")


@dataclass(frozen=True, slots=True)
class Service:
    """Where a router takes SOAP calls, and for which service."""

    control_url: str
    kind: str


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP POST."""

    body: bytes
    headers: dict[str, str]


def search(group: str) -> bytes:
    """Asks who is a gateway: of the first version by IPv4, and of the second, which knows of IPv6, by IPv6."""
    version, host = ("2", f"[{group}]") if ":" in group else ("1", group)
    return (
        f'M-SEARCH * HTTP/1.1\r\nHOST: {host}:{SSDP_PORT}\r\nMAN: "ssdp:discover"\r\nMX: 2\r\n'
        f"ST: urn:schemas-upnp-org:device:InternetGatewayDevice:{version}\r\n\r\n"
    ).encode()


def read_location(answer: bytes, router: str) -> str:
    """Where the router that answered describes itself."""
    found = _LOCATION.search(answer.decode("ascii", "replace"))
    if found is None:
        raise _bad("SSDP answer")
    return _checked(found[1], router)


def read_service(document: str, location: str, router: str, kinds: Iterable[str]) -> Service:
    """The first of these services that the description has."""
    found: dict[str, str] = {}
    for part in document.split("<service>")[1:]:
        kind, control = _KIND.search(part), _CONTROL.search(part)
        if kind is not None and control is not None:
            found.setdefault(kind[1], control[1])
    for name in kinds:
        if (path := found.get(_SERVICE + name)) is not None:
            try:
                url = urljoin(location, path)
            except ValueError:
                break
            if _host(url) != _host(location):
                break
            return Service(_checked(url, router), _SERVICE + name)
    raise _bad("UPnP description")


def call(service: Service, action: str, arguments: Mapping[str, str]) -> Call:
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in arguments.items())
    body = (
        '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>'
        f'<u:{action} xmlns:u="{service.kind}">{inner}</u:{action}></s:Body></s:Envelope>'
    )
    headers = {"Content-Type": 'text/xml; charset="utf-8"', "SOAPAction": f'"{service.kind}#{action}"'}
    return Call(body.encode(), headers)


def external_ip(service: Service) -> Call:
    return call(service, "GetExternalIPAddress", {})


def read_external_ip(answer: str) -> str:
    try:
        return str(IPv4Address(_value("NewExternalIPAddress", answer)))
    except ValueError:
        raise _bad("UPnP address") from None


def add_mapping(service: Service, port: int, client: str, lifetime_s: int) -> Call:
    arguments = {
        "NewRemoteHost": "",
        "NewExternalPort": str(port),
        "NewProtocol": "UDP",
        "NewInternalPort": str(port),
        "NewInternalClient": client,
        "NewEnabled": "1",
        "NewPortMappingDescription": "WarzonePhone",
        "NewLeaseDuration": str(lifetime_s),
    }
    return call(service, "AddPortMapping", arguments)


def delete_mapping(service: Service, port: int) -> Call:
    return call(service, "DeletePortMapping", {"NewRemoteHost": "", "NewExternalPort": str(port), "NewProtocol": "UDP"})


def add_pinhole(service: Service, port: int, client: str, lifetime_s: int) -> Call:
    """From everywhere to this port; asked again, it is renewed (WANIPv6FirewallControl:1, AddPinhole)."""
    arguments = {
        "RemoteHost": "",
        "RemotePort": "0",
        "InternalClient": client,
        "InternalPort": str(port),
        "Protocol": _UDP,
        "LeaseTime": str(lifetime_s),
    }
    return call(service, "AddPinhole", arguments)


def read_pinhole(answer: str) -> int:
    """Its number, to give it back by."""
    text = _value("UniqueID", answer)
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) < 65_536):
        raise _bad("UPnP pinhole")
    return int(text)


def delete_pinhole(service: Service, number: int) -> Call:
    return call(service, "DeletePinhole", {"UniqueID": str(number)})


def is_refusal(answer: str) -> bool:
    """Some say so with a status of success."""
    return "errorCode" in answer or "<s:Fault>" in answer


def _value(name: str, answer: str) -> str:
    _, found, rest = answer.partition(f"<{name}>")
    value, ended, _ = rest.partition("<")
    if not found or not ended:
        raise _bad(name)
    return value.strip()


def _checked(url: str, router: str) -> str:
    """An answer sends us to the router itself; one that was asked by IPv6 may name another address than it has here."""
    host = _host(url)
    if host is not None and host != router.partition("%")[0]:
        try:
            address = ip_address(host)
        except ValueError:
            address = None
        if not isinstance(address, IPv6Address) or ":" not in router or not (address.is_global or _is_local(address)):
            host = None
    if host is None or len(url) > _LONGEST_URL:
        raise _bad("UPnP URL")
    return url


def _is_local(address: IPv6Address) -> bool:
    return address.packed[0] & 0xFE == 0xFC  # unique local addresses


def _host(url: str) -> str | None:
    """None for what cannot be asked."""
    try:
        parts = urlsplit(url)
        is_fine = parts.scheme == "http" and url.isascii() and url.isprintable() and (parts.port or 80) > 0
    except ValueError:
        return None
    return parts.hostname if is_fine and not parts.username else None


def _bad(what: str) -> RemoteViolation:
    return RemoteViolation(ErrorCode.BAD_VALUE, what=what)
