"""Keeps one link in a media room of the relay alive: joins, watches, joins again."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from wzp_core.crypto.identity import Identity
from wzp_core.engine.liveness import is_lost
from wzp_core.engine.media_room import Joined, join_media_room
from wzp_core.engine.signalling import Signalling
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.logs import event, logger
from wzp_core.ports import Endpoint, Link
from wzp_core.protocol.refusal import REFUSALS
from wzp_core.protocol.signal.base import SignalMessage

_DIAL_LIMIT_S = 2.0
_RETRY_S, _RETRY_GROWTH, _LONGEST_RETRY_S = 0.25, 1.5, 5.0
_STEADY_S = 1.0  # a link that ends sooner counts as refused
_CHECK_S = 0.25
_SILENT_LIMIT_S = 1.2  # media flows every 20 ms: this long without any acknowledgement is no jitter

log = logger("media_link")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomDoor:
    """How to knock at the rooms of the relay in use."""

    endpoint: Endpoint
    signalling: Signalling
    identity: Callable[[], Identity]
    alias: Callable[[], str]
    entropy: Callable[[int], bytes]

    async def enter(self, room: str, *, wanted_stream_id: int | None, port: int, takes_trunks: bool = False) -> Joined:
        """Raises Unavailable or RemoteViolation, as `join_media_room`."""
        try:
            return await self._join(room, wanted_stream_id, port, takes_trunks)
        except RemoteViolation as error:
            if error.code is not ErrorCode.RELAY_KEY_CHANGED or not await self.signalling.follow(error):
                raise
            return await self._join(room, wanted_stream_id, port, takes_trunks)

    async def _join(self, room: str, wanted_stream_id: int | None, port: int, takes_trunks: bool) -> Joined:
        relay = self.signalling.relay_address
        if relay is None:
            raise Unavailable(ErrorCode.NOT_REGISTERED)
        return await join_media_room(
            self.endpoint,
            relay,  # the host that is known to answer; a worker may have its own port
            room,
            self.identity(),
            alias=self.alias(),
            pin=self.signalling.relay_certificate,
            token=self.signalling.relay_token,
            ephemeral_secret=self.entropy(32),
            wanted_stream_id=wanted_stream_id,
            takes_trunks=takes_trunks,
            dial_limit_s=_DIAL_LIMIT_S,
            port=port,
        )


class MediaLinkKeeper:
    """Joins again whenever the link ends; who gives up, and when, is the caller's business."""

    def __init__(
        self,
        door: RoomDoor,
        room: str,
        *,
        wanted_stream_id: int | None = None,
        port: int = 0,
        takes_trunks: bool = False,
    ) -> None:
        self._door, self._room, self._wanted, self._port = door, room, wanted_stream_id, port
        self._takes_trunks = takes_trunks
        self.reconnects = 0
        self.stream_id = 0
        self.trunked = False  # what comes on the link are trunks

    async def run(
        self,
        *,
        on_link: Callable[[Link | None], None],
        on_lost: Callable[[], None],
        on_signal: Callable[[SignalMessage], None] | None = None,
        on_refused: Callable[[ErrorCode], None] = lambda _code: None,
    ) -> None:
        """Until cancelled. A relay that refuses us may let us in later, so we go on knocking.

        Raises RemoteViolation where the relay or its answer cannot be trusted.
        """
        loop = asyncio.get_running_loop()
        refused = 0
        while True:
            port = self._port if refused % 2 == 0 else 0  # a worker may be gone, and its rooms elsewhere
            try:
                link, self.stream_id, self.trunked, redirects = await self._door.enter(
                    self._room, wanted_stream_id=self._wanted, port=port, takes_trunks=self._takes_trunks
                )
            except Unavailable as error:
                event(log, "media:cannot_join", level=logging.DEBUG, room=self._room, error=error)
                if error.code in REFUSALS:
                    on_refused(error.code)
                refused = await _pause(refused)
                continue
            if redirects:
                self._port = 0
            began = loop.time()
            on_link(link)
            try:
                await self._until_lost(link, on_signal)
            finally:
                on_link(None)
                link.close("hangup")
            self.reconnects += 1
            on_lost()
            refused = 0 if loop.time() - began >= _STEADY_S else await _pause(refused)

    async def _until_lost(self, link: Link, on_signal: Callable[[SignalMessage], None] | None) -> None:
        try:
            while True:
                try:
                    async with asyncio.timeout(_CHECK_S):
                        message = await link.receive_signal()
                    if on_signal is not None:
                        on_signal(message)
                except TimeoutError:
                    if is_lost(link, _SILENT_LIMIT_S):
                        event(log, "media:path_silent", level=logging.WARNING, room=self._room)
                        return
        except Unavailable as ended:
            event(log, "media:link_lost", room=self._room, error=ended)


async def _pause(refused: int) -> int:
    """Longer each time: a relay that refuses us must not be asked four times a second for ever."""
    await asyncio.sleep(min(_LONGEST_RETRY_S, _RETRY_S * _RETRY_GROWTH**refused))
    return refused + 1
