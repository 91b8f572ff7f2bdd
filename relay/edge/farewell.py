"""Leaving the last word to the client."""

import asyncio
from contextlib import suppress

from wzp_core.ports import Link


async def closed_within(link: Link, limit_s: float) -> None:
    """Returns when the client has closed, having read all, or after `limit_s`.

    Closing first would drop what is still on its way.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await link.wait_closed()
