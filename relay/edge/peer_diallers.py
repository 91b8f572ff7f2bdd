"""A task for each relay that this one dials; which ones those are may change while it runs."""

import asyncio
from collections.abc import Iterable

from relay.config import PeerRelay
from relay.edge.endpoint import ServerEndpoint
from relay.edge.federation_plane import FederationPlane
from relay.edge.peer_session import keep_linked


class PeerDiallers:
    """Keeps as many links as are wanted."""

    def __init__(self, endpoint: ServerEndpoint, plane: FederationPlane) -> None:
        self._endpoint, self._plane = endpoint, plane
        self._wanted: set[PeerRelay] = set()
        self._changed = asyncio.Event()

    def want(self, peers: Iterable[PeerRelay]) -> None:
        """These, and no others, from now on; a relay that lists itself does not dial itself."""
        self._wanted = {peer for peer in peers if peer.fingerprint in self._plane.peers.labels}
        self._changed.set()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            running: dict[PeerRelay, asyncio.Task[None]] = {}
            while True:
                self._changed.clear()
                for peer in running.keys() - self._wanted:
                    running.pop(peer).cancel()
                for peer in self._wanted - running.keys():
                    running[peer] = tasks.create_task(
                        keep_linked(peer, self._endpoint, self._plane), name=f"peer {peer.url}"
                    )
                await self._changed.wait()
