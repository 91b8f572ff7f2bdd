"""Asks a relay how it sees us, without telling it who we are (calls.md §7.1)."""

import asyncio
from typing import TypeVar

from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.ports import Address, Endpoint, Link
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.path import Reflect, ReflectResponse
from wzp_core.protocol.signal.presence import RegisterPresence, RegisterPresenceAck

_Kind = TypeVar("_Kind", bound=SignalMessage)
_NOBODY = bytes(32)


async def probe_relay(endpoint: Endpoint, relay: Address, *, timeout_s: float) -> str:
    """Our address as the relay sees it. Raises Unavailable, RemoteViolation(REGISTRATION_REFUSED)."""
    link = await endpoint.dial(relay, "_signal", timeout_s=timeout_s)
    try:
        async with asyncio.timeout(timeout_s):
            link.send_signal(RegisterPresence(identity_pub=_NOBODY, signature=b""))
            if not (await _next(link, RegisterPresenceAck)).success:
                raise RemoteViolation(ErrorCode.REGISTRATION_REFUSED)
            link.send_signal(Reflect())
            return (await _next(link, ReflectResponse)).observed_addr
    except TimeoutError:
        raise Unavailable(ErrorCode.TIMED_OUT, what="relay probe") from None
    finally:
        link.close("probe")


async def _next(link: Link, kind: type[_Kind]) -> _Kind:
    """Passes over the list of who is there, which relays send in between."""
    while True:
        if isinstance(message := await link.receive_signal(), kind):
            return message
