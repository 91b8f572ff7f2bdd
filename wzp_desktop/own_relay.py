"""The relay inside the app, and how a second app of the same user finds it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from relay.config import RelayConfig
from relay.serve import serve
from wzp_core.engine.world import RelayTarget
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.io.discovery import announce as announced
from wzp_core.io.files import read_file, remove_file, write_private
from wzp_core.protocol.address import DEFAULT_PORT
from wzp_core.protocol.ids import parse_tls_fingerprint
from wzp_core.settings.paths import shared_data_folder

_PORTS_TRIED = 20
_NOTE_WRITTEN_S = 0.3  # after the port is taken
_NAME = "This computer"


class EmbeddedRelay:
    """Implements `engine.world.OwnRelay`. The note with port and key is only for this user's eyes (mode 0600)."""

    def __init__(self) -> None:
        self._folder = shared_data_folder()
        self._note = self._folder / "own-relay.json"

    async def find(self) -> RelayTarget | None:
        try:
            note = json.loads(read_file(self._note) or b"{}")
            port, pin = int(note["port"]), parse_tls_fingerprint(str(note["fingerprint"]))
        except (ValueError, KeyError, TypeError, RemoteViolation):
            return None
        if _is_free(port):
            return None  # left behind by an app that was killed
        return RelayTarget(name=_NAME, host="127.0.0.1", port=port, pin=pin, embedded=True)

    @asynccontextmanager
    async def start(self, *, announce: bool) -> AsyncIterator[RelayTarget]:
        async with AsyncExitStack() as lifetime:
            relay = await self._serve(lifetime)
            note = json.dumps({"port": relay.port, "fingerprint": relay.pin}).encode()
            write_private(self._note, note)
            if announce and relay.pin is not None:
                await lifetime.enter_async_context(announced(socket.gethostname(), relay.port, relay.pin))
            try:
                yield relay
            finally:
                if read_file(self._note) == note:  # else another app's by now
                    remove_file(self._note)

    async def _serve(self, lifetime: AsyncExitStack) -> RelayTarget:
        """On the usual port, or the next free one. Raises Unavailable(BUSY) where another app was faster."""
        for port in range(DEFAULT_PORT, DEFAULT_PORT + _PORTS_TRIED):
            try:
                config = RelayConfig(listen=("0.0.0.0", port), data_dir=self._relay_folder(port))  # noqa: S104
                relay = await lifetime.enter_async_context(serve(config))
            except Unavailable as error:
                if error.code is not ErrorCode.NO_PORT:
                    raise
                await self._give_way()
                continue
            return RelayTarget(
                name=_NAME, host="127.0.0.1", port=relay.address[1], pin=relay.fingerprint, embedded=True
            )
        raise Unavailable(ErrorCode.NO_PORT, first=DEFAULT_PORT, tried=_PORTS_TRIED)

    async def _give_way(self) -> None:
        """Several apps that lost one relay all start the next: one lobby each would keep them apart."""
        await asyncio.sleep(_NOTE_WRITTEN_S)
        if await self.find() is not None:
            raise Unavailable(ErrorCode.BUSY, what="own relay")

    def _relay_folder(self, port: int) -> Path:
        """One key per port: two apps' relays must not be mistaken for one."""
        return self._folder / f"relay-{port}"


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104
        except OSError:
            return False
    return True
