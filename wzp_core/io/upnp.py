"""A port from a router by UPnP IGD: found by SSDP, asked by SOAP (calls.md §4.3). Blocking: for a thread."""

import re
import socket
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit
from xml.sax.saxutils import escape

from wzp_core.errors import ErrorCode, Unavailable

_SSDP: Final = ("239.255.255.250", 1900)
_DEVICE: Final = "urn:schemas-upnp-org:device:InternetGatewayDevice:1"
_SERVICES: Final = ("WANIPConnection:1", "WANIPConnection:2", "WANPPPConnection:1")
_LIMIT_S: Final = 3.0
_LONGEST: Final = 256 * 1024
_SEARCH: Final = (
    f'M-SEARCH * HTTP/1.1\r\nHOST: {_SSDP[0]}:{_SSDP[1]}\r\nMAN: "ssdp:discover"\r\nMX: 2\r\nST: {_DEVICE}\r\n\r\n'
).encode()


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where a router takes SOAP calls, and for which service."""

    control_url: str
    service: str


def find_gateway(router: str, local_ip: str) -> Gateway:
    """Only the router itself is believed and asked, whatever else answers. Raises Unavailable(UNREACHABLE)."""
    location = _location(router, local_ip)
    document = _fetch(urllib.request.Request(location))  # noqa: S310 - an http URL of the router, see _checked
    for service in _SERVICES:
        found = re.search(
            rf"<serviceType>\s*(urn:schemas-upnp-org:service:{service})\s*</serviceType>(?:(?!</service>).)*?"
            r"<controlURL>\s*([^<\s]+)\s*</controlURL>",
            document,
            re.DOTALL,
        )
        if found is not None:
            return Gateway(_checked(urljoin(location, found[2]), router), found[1])
    raise Unavailable(ErrorCode.UNREACHABLE, what="UPnP service")


def external_ip(gateway: Gateway) -> str:
    found = re.search(r"<NewExternalIPAddress>\s*([0-9.]+)\s*<", _call(gateway, "GetExternalIPAddress", {}))
    if found is None:
        raise Unavailable(ErrorCode.UNREACHABLE, what="UPnP address")
    return found[1]


def add_mapping(gateway: Gateway, port: int, local_ip: str, lifetime_s: int) -> None:
    """Raises Unavailable where the router refuses."""
    arguments = {
        "NewRemoteHost": "",
        "NewExternalPort": str(port),
        "NewProtocol": "UDP",
        "NewInternalPort": str(port),
        "NewInternalClient": local_ip,
        "NewEnabled": "1",
        "NewPortMappingDescription": "WarzonePhone",
        "NewLeaseDuration": str(lifetime_s),
    }
    _call(gateway, "AddPortMapping", arguments)


def delete_mapping(gateway: Gateway, port: int) -> None:
    _call(gateway, "DeletePortMapping", {"NewRemoteHost": "", "NewExternalPort": str(port), "NewProtocol": "UDP"})


def _location(router: str, local_ip: str) -> str:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ssdp:
            ssdp.settimeout(_LIMIT_S)
            ssdp.bind((local_ip, 0))
            ssdp.sendto(_SEARCH, _SSDP)
            for _ in range(16):  # others in the network may answer first
                data, source = ssdp.recvfrom(2048)
                found = re.search(rb"(?im)^location:\s*(\S+)\s*$", data)
                if source[0] == router and found is not None:
                    return _checked(found[1].decode("ascii", "replace"), router)
    except OSError as error:
        raise Unavailable(ErrorCode.UNREACHABLE, what="UPnP", cause=error) from error
    raise Unavailable(ErrorCode.UNREACHABLE, what="UPnP")


def _checked(url: str, router: str) -> str:
    """No answer may send us to another host."""
    try:
        parts = urlsplit(url)
        is_fine = parts.scheme == "http" and parts.hostname == router and (parts.port or 80) > 0
    except ValueError:
        is_fine = False
    if not is_fine:
        raise Unavailable(ErrorCode.UNREACHABLE, what="UPnP", url=url[:200])
    return url


def _call(gateway: Gateway, action: str, arguments: dict[str, str]) -> str:
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in arguments.items())
    body = (
        '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>'
        f'<u:{action} xmlns:u="{gateway.service}">{inner}</u:{action}></s:Body></s:Envelope>'
    )
    headers = {"Content-Type": 'text/xml; charset="utf-8"', "SOAPAction": f'"{gateway.service}#{action}"'}
    answer = _fetch(urllib.request.Request(gateway.control_url, body.encode(), headers))  # noqa: S310 - as above
    if "errorCode" in answer or "<s:Fault>" in answer:
        raise Unavailable(ErrorCode.UNREACHABLE, what=f"UPnP {action}")
    return answer


def _fetch(request: urllib.request.Request) -> str:
    try:
        with _OPENER.open(request, timeout=_LIMIT_S) as answer:
            content: bytes = answer.read(_LONGEST)
    except (OSError, ValueError) as error:  # urllib's errors are OSErrors
        raise Unavailable(ErrorCode.UNREACHABLE, what="UPnP", cause=error) from error
    return content.decode("utf-8", "replace")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
