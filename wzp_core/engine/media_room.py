"""Gets us into a media room of the relay: dial, prove who we are, learn our stream id (crypto.md §2)."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from wzp_core.crypto.handshake import call_offer, check_call_answer
from wzp_core.crypto.identity import Identity
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.ports import Address, Endpoint, Link
from wzp_core.protocol.ids import TlsFingerprint
from wzp_core.protocol.media.trunk import TRUNKS, decode_trunk
from wzp_core.protocol.refusal import refusal
from wzp_core.protocol.signal.auth import AuthToken
from wzp_core.protocol.signal.call import REDIRECTS, CallAnswer, CallOffer

_ANSWER_LIMIT_S = 10.0
_MOST_REDIRECTS = 3


class Joined(NamedTuple):
    """A place in a room."""

    link: Link
    stream_id: int  # 0 where an older relay assigns none
    trunked: bool  # what comes are trunks of packets
    redirects: bool  # the relay's main port always knows where the room is

    def on_media(self, handler: Callable[[bytes], None]) -> None:
        """Calls `handler` with every packet, as `Link.on_media`."""
        self.link.on_media(unpacking(handler) if self.trunked else handler)


def unpacking(handler: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """What takes trunks and calls `handler` with each packet; a broken trunk becomes a packet that cannot be one."""

    def received(datagram: bytes) -> None:
        try:
            packets = [entry.payload for entry in decode_trunk(datagram)]
        except RemoteViolation:
            packets = [b""]
        for packet in packets:
            handler(packet)

    return received


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
    takes_trunks: bool = False,
    dial_limit_s: float = 10.0,
    port: int = 0,
) -> Joined:
    """A link that is a member of the room, which is asked for at `port` where that is not 0, else at the address.

    Raises Unavailable (relay away, or it closed the link, where it says so with one of `REFUSALS`) or RemoteViolation
    (bad handshake).
    """
    for _ in range(1 + _MOST_REDIRECTS):
        link, answer = await _knock(
            endpoint,
            (address[0], port or address[1]),
            server_name,
            call_offer(
                identity,
                ephemeral_secret=ephemeral_secret,
                alias=alias or None,
                stream_id=wanted_stream_id,
                words=(TRUNKS, REDIRECTS) if takes_trunks else (REDIRECTS,),
            ),
            pin,
            token,
            dial_limit_s,
        )
        if answer.redirect_port is None:
            trunked = takes_trunks and TRUNKS in answer.words
            return Joined(link, answer.stream_id or 0, trunked, REDIRECTS in answer.words)
        link.close("redirected")
        port = answer.redirect_port
    raise Unavailable(ErrorCode.UNREACHABLE, room=server_name, reason="redirected too often")


async def _knock(
    endpoint: Endpoint,
    address: Address,
    server_name: str,
    offer: CallOffer,
    pin: TlsFingerprint | None,
    token: str,
    dial_limit_s: float,
) -> tuple[Link, CallAnswer]:
    link = await endpoint.dial(address, server_name, pin=pin, timeout_s=dial_limit_s)
    try:
        if token:
            link.send_signal(AuthToken(token=token))
        link.send_signal(offer)
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
    return link, answer
