"""The first signal of a connection, which must come soon and be of one kind; a token may come before it."""

import asyncio
from typing import TypeVar

from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.ports import Link
from wzp_core.protocol.signal.auth import AuthToken
from wzp_core.protocol.signal.base import SignalMessage

FIRST_SIGNAL_LIMIT_S = 10.0

M = TypeVar("M", bound=SignalMessage)


async def first_signal(link: Link, kind: type[M], limit_s: float = FIRST_SIGNAL_LIMIT_S) -> tuple[M, str | None]:
    """The signal, and the token that came before it.

    Raises RemoteViolation(TIMED_OUT, UNEXPECTED_INPUT) and Unavailable(LINK_CLOSED).
    """
    token = None
    try:
        async with asyncio.timeout(limit_s):
            message = await link.receive_signal()
            if isinstance(message, AuthToken):
                token = message.token
                message = await link.receive_signal()
    except TimeoutError:
        raise RemoteViolation(ErrorCode.TIMED_OUT, what=kind.__name__) from None
    if not isinstance(message, kind):
        raise RemoteViolation(ErrorCode.UNEXPECTED_INPUT, wanted=kind.__name__, got=type(message).__name__)
    return message, token
