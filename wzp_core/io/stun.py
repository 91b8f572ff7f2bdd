"""Asks STUN servers from an endpoint's own socket, whose outside port is the one that peers will dial."""

import asyncio
import os

from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.nat.stun import TRANSACTION_BYTES, binding_request, is_stun, read_binding_response
from wzp_core.ports import Address, Endpoint, UdpPort

_TRIES = 2


async def observe(endpoint: Endpoint, server: Address, timeout_s: float, via: UdpPort | None = None) -> Address:
    """The address that `server` sees of the main socket, or of `via`; asks again after half the time.

    Raises Unavailable(TIMED_OUT).
    """
    transaction = os.urandom(TRANSACTION_BYTES)
    answer: asyncio.Future[Address] = asyncio.get_running_loop().create_future()

    def received(data: bytes, address: Address, _port: UdpPort) -> bool:
        if not is_stun(data) or address != server or data[8:20] != transaction:
            return False
        try:
            if not answer.done():
                answer.set_result(read_binding_response(data, transaction))
        except RemoteViolation as error:
            answer.set_exception(Unavailable(ErrorCode.UNREACHABLE, cause=error))
        return True

    forget = endpoint.on_raw(received)
    try:
        for _ in range(_TRIES):
            (via or endpoint).send_raw(binding_request(transaction), server)
            try:
                async with asyncio.timeout(timeout_s / _TRIES):
                    return await asyncio.shield(answer)
            except TimeoutError:
                continue
        raise Unavailable(ErrorCode.TIMED_OUT, what="STUN", server=f"{server[0]}:{server[1]}")
    finally:
        forget()
