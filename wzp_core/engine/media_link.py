"""Keeps one link in a media room of the relay alive: joins, watches, joins again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from wzp_core.crypto.identity import Identity
from wzp_core.engine.liveness import is_lost
from wzp_core.engine.media_room import Joined, join_media_room
from wzp_core.engine.scope import task_scope
from wzp_core.engine.signalling import Signalling
from wzp_core.errors import ErrorCode, RemoteViolation, Unavailable
from wzp_core.logs import event, logger
from wzp_core.ports import Endpoint, Link
from wzp_core.protocol.refusal import REFUSALS
from wzp_core.protocol.signal.base import SignalMessage

_DIAL_LIMIT_S = 10.0  # half of all packets may be lost, and one of a handshake take a second on a narrow line
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
        on_found: Callable[[], None] = lambda: None,
        on_signal: Callable[[SignalMessage], None] | None = None,
        on_refused: Callable[[ErrorCode], None] = lambda _code: None,
    ) -> None:
        """Until cancelled. A relay that refuses us may let us in later, so we go on knocking.

        `on_lost` hears of a link that fell silent or ended, `on_found` of a silent one that is heard again.
        Raises RemoteViolation where the relay or its answer cannot be trusted.
        """
        loop = asyncio.get_running_loop()
        joined, refused = await self._joined(on_refused), 0
        while True:
            began = loop.time()
            on_link(joined.link)
            try:
                another = await self._until_replaced(joined.link, on_lost, on_found, on_signal, on_refused)
            finally:
                on_link(None)
                joined.link.close("hangup")
            self.reconnects += 1
            if another is None:
                on_lost()
                refused = 0 if loop.time() - began >= _STEADY_S else await _pause(refused)
                another = await self._joined(on_refused, refused)
            joined = another

    async def _joined(self, on_refused: Callable[[ErrorCode], None], refused: int = 0) -> Joined:
        """A place in the room, however long that takes."""
        while True:
            port = self._port if refused % 2 == 0 else 0  # a worker may be gone, and its rooms elsewhere
            try:
                joined = await self._door.enter(
                    self._room, wanted_stream_id=self._wanted, port=port, takes_trunks=self._takes_trunks
                )
            except Unavailable as error:
                event(log, "media:cannot_join", level=logging.DEBUG, room=self._room, error=error)
                if error.code in REFUSALS:
                    on_refused(error.code)
                refused = await _pause(refused)
                continue
            self.stream_id, self.trunked = joined.stream_id, joined.trunked
            if joined.redirects:
                self._port = 0
            return joined

    async def _until_replaced(
        self,
        link: Link,
        on_lost: Callable[[], None],
        on_found: Callable[[], None],
        on_signal: Callable[[SignalMessage], None] | None,
        on_refused: Callable[[ErrorCode], None],
    ) -> Joined | None:
        """Until the link has ended (None), or another was found while it was silent.

        A silent link stays in use meanwhile: when its way is back so is sound, without a handshake.
        """
        async with task_scope() as tasks:
            search: asyncio.Task[Joined | RemoteViolation] | None = None
            try:
                while True:
                    try:
                        async with asyncio.timeout(_CHECK_S):
                            message = await link.receive_signal()
                        if on_signal is not None:
                            on_signal(message)
                    except TimeoutError:
                        pass
                    if search is not None and search.done():
                        return _taken(search.result())
                    if search is None and is_lost(link, _SILENT_LIMIT_S):
                        event(log, "media:path_silent", level=logging.WARNING, room=self._room)
                        on_lost()
                        search = tasks.create_task(_caught(self._joined(on_refused)), name="another media link")
                    elif search is not None and link.stats().silent_s <= _SILENT_LIMIT_S:
                        search.cancel()
                        search = None
                        on_found()
            except Unavailable as ended:
                event(log, "media:link_lost", room=self._room, error=ended)
                return None if search is None else _taken(await search)
            except asyncio.CancelledError:
                if search is not None and search.done() and isinstance(unused := search.result(), Joined):
                    unused.link.close("hangup")
                raise


async def _caught(joining: Awaitable[Joined]) -> Joined | RemoteViolation:
    """So that a task's failure reaches whoever waits for its result, and as what it is."""
    try:
        return await joining
    except RemoteViolation as error:
        return error


def _taken(result: Joined | RemoteViolation) -> Joined:
    if isinstance(result, RemoteViolation):
        raise result
    return result


async def _pause(refused: int) -> int:
    """Longer each time: a relay that refuses us must not be asked four times a second for ever."""
    await asyncio.sleep(min(_LONGEST_RETRY_S, _RETRY_S * _RETRY_GROWTH**refused))
    return refused + 1
