"""One link with another relay, from its dial or its acceptance to its end (relay.md §9.1)."""

import asyncio
import logging
import socket

from relay.config import PeerRelay
from relay.decide.peers import pause_after
from relay.edge.endpoint import ServerEndpoint, ServerLink
from relay.edge.federation_plane import FederationPlane
from relay.edge.first_signal import first_signal
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable, WzpError
from wzp_core.limits import Bucket, Rate
from wzp_core.logs import event, logger
from wzp_core.ports import Address, Link
from wzp_core.protocol.address import numeric_address, split_address
from wzp_core.protocol.ids import TlsFingerprint
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.federation import FederationHello, GlobalRoomActive

SERVER_NAME = "_federation"

_HELLO_LIMIT_S = 5.0
_DIAL_LIMIT_S = 3.0
_MOST_ADDRESSES = 4
_SIGNALS = Rate(per_s=1000, burst=4000)
_ENTRIES_PER_TOKEN = 20

log = logger("relay")


async def serve_peer(link: ServerLink, plane: FederationPlane) -> None:
    """An inbound link. Raises RemoteViolation for a stranger and Unavailable(LINK_CLOSED) at its end."""
    try:
        shown = link.peer_certificate
        if not plane.peers.may_say_hello(shown):
            plane.stranger(shown, link.remote_address[0])
            raise RemoteViolation(ErrorCode.WRONG_IDENTITY, what="relay", shown=shown)
        hello, _ = await first_signal(link, FederationHello, _HELLO_LIMIT_S)
        peer = plane.peers.judge(shown, hello)
        link.lift_limits()
        if hello.instance is not None:
            link.send_signal(plane.hello)
        await _attend(link, peer, plane, is_dialled=False, instance=hello.instance)
    except RemoteViolation:
        plane.counters.links_refused += 1
        raise


async def keep_linked(peer: PeerRelay, endpoint: ServerEndpoint, plane: FederationPlane) -> None:
    """Dials that relay whenever there is no link with it, until cancelled."""
    loop = asyncio.get_running_loop()
    pause_s, known_as = 0.0, ""
    while True:
        await plane.unlinked(peer.fingerprint)
        began, answered = loop.time(), True
        try:
            link = await _dial(peer, endpoint)
            try:
                link.send_signal(plane.hello)
                await _attend(link, peer.fingerprint, plane, is_dialled=True, instance=None)
            finally:
                link.close()
        except WzpError as error:
            answered = error.code is not ErrorCode.UNREACHABLE
            news = f"{error.code.value} {error.facts.get('reason', '')}"
            level = logging.DEBUG if news == known_as else logging.WARNING
            known_as = news  # a relay that is away for a week is worth one line
            event(log, "relay:peer_link_ended", level=level, peer=peer.label or peer.url, error=error)
        pause_s = pause_after(pause_s, lasted_s=loop.time() - began, answered=answered)
        await asyncio.sleep(pause_s)


async def _attend(
    link: Link, peer: TlsFingerprint, plane: FederationPlane, *, is_dialled: bool, instance: int | None
) -> None:
    connection = plane.enter(link, peer, is_dialled=is_dialled, instance=instance)
    try:
        now = asyncio.get_running_loop().time
        bucket = Bucket(_SIGNALS, now())
        while True:
            message = await link.receive_signal()
            if not bucket.take(_SIGNALS, now(), _cost(message)):
                raise RemoteViolation(ErrorCode.LIMIT, what="signals per second", peer=link.remote_address[0])
            plane.handle(connection, message)
    finally:
        plane.leave(connection)


def _cost(message: SignalMessage) -> float:
    """A list is work for each entry."""
    return 1 + len(message.participants) / _ENTRIES_PER_TOKEN if isinstance(message, GlobalRoomActive) else 1


async def _dial(peer: PeerRelay, endpoint: ServerEndpoint) -> Link:
    """By the first of its addresses that answers. Raises as `Endpoint.dial`."""
    failed = Unavailable(ErrorCode.UNREACHABLE, address=peer.url, reason="no address")
    for address in await _addresses(peer.url):
        try:
            return await endpoint.dial(
                address, SERVER_NAME, pin=peer.fingerprint, timeout_s=_DIAL_LIMIT_S, show_certificate=True
            )
        except Unavailable as error:
            failed = error
    raise failed


async def _addresses(url: str) -> list[Address]:
    """Raises Unavailable(UNREACHABLE) for a name that nobody knows."""
    if (numeric := numeric_address(url)) is not None:
        return [numeric]
    host, port = split_address(url) or ("", 0)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise Unavailable(ErrorCode.UNREACHABLE, address=url, reason=error) from error
    return [(str(address[0]), int(address[1])) for *_, address in found[:_MOST_ADDRESSES]]
