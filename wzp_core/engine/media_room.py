"""Gets us into a media room of the relay: dial, prove who we are, learn our stream id (crypto.md §2)."""

import asyncio

from wzp_core.crypto.handshake import call_offer, check_call_answer
from wzp_core.crypto.identity import Identity
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.ports import Address, Endpoint, Link
from wzp_core.protocol.ids import TlsFingerprint
from wzp_core.protocol.refusal import refusal
from wzp_core.protocol.signal.auth import AuthToken
from wzp_core.protocol.signal.call import CallAnswer

_ANSWER_LIMIT_S = 10.0


async def join_media_room(
    endpoint: Endpoint,
    address: Address,
    server_name: str,
    identity: Identity,
    *,
    alias: str,
    pin: TlsFingerprint | None,
    token: str = "",
    ephemeral_secret: bytes,
    wanted_stream_id: int | None = None,
    dial_limit_s: float = 10.0,
) -> tuple[Link, int]:
    """A link that is a member of the room, and our stream id (0 where an older relay assigns none).

    Raises Unavailable (relay away, or it closed the link, where it says so with one of `REFUSALS`) or RemoteViolation
    (bad handshake).
    """
    link = await endpoint.dial(address, server_name, pin=pin, timeout_s=dial_limit_s)
    try:
        if token:
            link.send_signal(AuthToken(token=token))
        link.send_signal(
            call_offer(identity, ephemeral_secret=ephemeral_secret, alias=alias or None, stream_id=wanted_stream_id)
        )
        async with asyncio.timeout(_ANSWER_LIMIT_S):
            answer = await link.receive_signal()
        if not isinstance(answer, CallAnswer):
            raise RemoteViolation(ErrorCode.UNEXPECTED_INPUT, got=type(answer).__name__)
        check_call_answer(answer)
    except TimeoutError:
        link.close("no answer")
        raise Unavailable(ErrorCode.TIMED_OUT, what="media handshake") from None
    except Unavailable as error:
        code = refusal(error.facts.get("reason"))
        raise error if code is None else Unavailable(code, room=server_name) from None
    except BaseException:
        link.close("handshake failed")
        raise
    return link, answer.stream_id or 0
