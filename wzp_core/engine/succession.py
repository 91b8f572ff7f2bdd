"""Asks a relay that shows another key than before whether its old key named the new one."""

import asyncio

from wzp_core.crypto.succession import succeeds
from wzp_core.errors import WzpError
from wzp_core.logs import event, logger
from wzp_core.ports import Address, Endpoint
from wzp_core.protocol.ids import TlsFingerprint
from wzp_core.protocol.signal.succession import RelaySuccession

SERVER_NAME = "_succession"

_DIAL_LIMIT_S = 4.0
_ANSWER_LIMIT_S = 3.0  # an older relay takes the question for a room and waits for us

log = logger("succession")


async def has_succeeded(
    endpoint: Endpoint, address: Address, *, trusted: TlsFingerprint, shown: TlsFingerprint
) -> bool:
    """Nothing is sent but the question itself; no answer is a no."""
    try:
        link = await endpoint.dial(address, SERVER_NAME, pin=shown, timeout_s=_DIAL_LIMIT_S)
        try:
            async with asyncio.timeout(_ANSWER_LIMIT_S):
                answer = await link.receive_signal()
        finally:
            link.close("done")
    except (WzpError, TimeoutError) as error:
        event(log, "relay:succession_unknown", address=address[0], error=error)
        return False
    return isinstance(answer, RelaySuccession) and succeeds(shown, trusted, answer.steps)
