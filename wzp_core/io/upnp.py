"""A port or a pinhole from a router by UPnP: found by SSDP, asked by SOAP (calls.md §4.3). Blocking: for a thread."""

import socket
from collections.abc import Iterable
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from threading import Timer
from typing import Final
from urllib.parse import urlsplit

from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.io.gateway import router_address
from wzp_core.nat import igd

_LIMIT_S: Final = 3.0
_LONGEST: Final = 256 * 1024
_ANSWERS: Final = 16  # others in the network may answer first


def find_service(router: str, client: str, kinds: Iterable[str]) -> igd.Service:
    """Only the router itself is believed, whatever else answers; `client` is our address that it is to see.

    Raises Unavailable(UNREACHABLE), as all here, or RemoteViolation for an answer that makes no sense.
    """
    location = _location(router, client)
    return igd.read_service(_fetch(location, client, router), location, router, kinds)


def call(service: igd.Service, asked: igd.Call, client: str, router: str) -> str:
    """The answer; raises Unavailable where the router refuses, too."""
    answer = _fetch(service.control_url, client, router, asked)
    if igd.is_refusal(answer):
        raise Unavailable(ErrorCode.UNREACHABLE, what="UPnP call")
    return answer


def _location(router: str, client: str) -> str:
    is_v6 = ":" in router
    try:
        with socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_DGRAM) as ssdp:
            ssdp.settimeout(_LIMIT_S)
            wanted = router_address(router, igd.SSDP_PORT)
            scope = wanted[-1]
            if is_v6 and scope:  # who is asked from a link-local address answers from one, and is recognized by it
                ssdp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, scope)
            else:
                ssdp.bind((client, 0))
            group = igd.SSDP_GROUP_6 if is_v6 else igd.SSDP_GROUP
            ssdp.sendto(igd.search(group), (group, igd.SSDP_PORT))
            for _ in range(_ANSWERS):
                data, source = ssdp.recvfrom(2048)
                if (source[0].partition("%")[0], *source[2:]) == (wanted[0], *wanted[2:]):
                    with suppress(RemoteViolation):
                        return igd.read_location(data, router)
    except OSError as error:
        raise Unavailable(ErrorCode.UNREACHABLE, what="UPnP", cause=error) from error
    raise Unavailable(ErrorCode.UNREACHABLE, what="UPnP")


def _fetch(url: str, client: str, router: str, asked: igd.Call | None = None) -> str:
    """Follows no redirect and asks no proxy."""
    parts = urlsplit(url)
    host, target = parts.hostname or "", f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    scoped = router if host == router.partition("%")[0] else host
    connection = HTTPConnection(scoped, parts.port or 80, timeout=_LIMIT_S, source_address=(client, 0))
    overdue = Timer(_LIMIT_S, _hang_up, [connection])  # the connection's own limit is for each byte
    overdue.daemon = True
    headers = {"Host": parts.netloc, **(asked.headers if asked else {})}
    with closing(connection):
        try:
            connection.connect()
            overdue.start()
            connection.request("POST" if asked else "GET", target, asked.body if asked else None, headers)
            answer = connection.getresponse()
            content = answer.read(_LONGEST)
        except (OSError, HTTPException, ValueError) as error:
            raise Unavailable(ErrorCode.UNREACHABLE, what="UPnP", cause=error) from error
        finally:
            overdue.cancel()
    if answer.status != 200:
        raise Unavailable(ErrorCode.UNREACHABLE, what="UPnP", status=answer.status)
    return content.decode("utf-8", "replace")


def _hang_up(connection: HTTPConnection) -> None:
    """Wakes the thread that waits for it."""
    if (sock := connection.sock) is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
