"""Who gets the links that others open to us: whoever expects that name just now, else nobody, who hears nothing."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from wzp_core.logs import event, logger
from wzp_core.ports import Endpoint, Link

_MOST_WAITING = 4

log = logger("inbound")


class Inbound:
    """The engine's one acceptor."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._expected: dict[str, asyncio.Queue[Link]] = {}
        endpoint.accept_strangers(False)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            link = await self._endpoint.accept()
            queue = self._expected.get(link.server_name.lower())
            if queue is None or queue.full():
                event(log, "inbound:refused", level=logging.DEBUG, server_name=link.server_name)
                link.close("stale")
            else:
                queue.put_nowait(link)

    @asynccontextmanager
    async def expecting(self, server_name: str) -> AsyncIterator["asyncio.Queue[Link]"]:
        """Links of that name while the block lasts; those nobody took are closed after it."""
        queue: asyncio.Queue[Link] = asyncio.Queue(_MOST_WAITING)
        self._expected[server_name.lower()] = queue
        self._endpoint.accept_strangers(True)
        try:
            yield queue
        finally:
            if self._expected.get(server_name.lower()) is queue:
                del self._expected[server_name.lower()]
            self._endpoint.accept_strangers(bool(self._expected))
            while not queue.empty():
                queue.get_nowait().close("not-selected")
