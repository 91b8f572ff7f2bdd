"""The sound of one direct call: sealed, on a link that is kept alive."""

import asyncio
from collections.abc import Callable

from wzp_core.crypto.session import Direction, Opener, Sealer
from wzp_core.engine.capture import Capture, Processing
from wzp_core.engine.direct_path import DirectPath, PathContext
from wzp_core.engine.knobs import Knobs
from wzp_core.engine.media import MediaPump
from wzp_core.engine.media_care import MediaCare, care_for
from wzp_core.engine.media_link import MediaLinkKeeper, RoomDoor
from wzp_core.engine.paths import Paths
from wzp_core.engine.scope import task_scope
from wzp_core.media.downlink import Downlink
from wzp_core.media.uplink import Uplink
from wzp_core.ports import AudioSystem, Link
from wzp_core.protocol.address import split_address
from wzp_core.protocol.media.header import MediaPacket, decode_packet, encode_packet
from wzp_core.protocol.profile import QualityProfile
from wzp_core.protocol.signal.call import Hangup
from wzp_core.session.call_events import StartMedia
from wzp_core.session.direct_plan import DirectPlan
from wzp_core.session.state import Levels, PathReason

_CALLER_STREAM, _CALLEE_STREAM = 1, 2


class CallMedia:
    """Without a root nothing is sealed: the call of an older peer."""

    def __init__(
        self,
        start: StartMedia,
        *,
        outgoing: bool,
        door: RoomDoor,
        knobs: Knobs,
        processing: Processing,
        on_levels: Callable[[Levels], None],
        on_opened: Callable[[], None],
        volume: Callable[[], float],
        on_wish: Callable[[QualityProfile, float], None],
        path_context: Callable[[Paths], PathContext],
    ) -> None:
        now = asyncio.get_running_loop().time()
        stream = _CALLER_STREAM if outgoing else _CALLEE_STREAM
        to_peer, from_peer = Direction.TO_CALLEE, Direction.TO_CALLER
        if not outgoing:
            to_peer, from_peer = from_peer, to_peer
        self._sealer = Sealer(start.root, to_peer, now=now) if start.root is not None else None
        self._opener = Opener(start.root, from_peer) if start.root is not None else None
        self._awaited_root: bytes | None = None  # sealed with once the peer proves to have it
        self._on_opened = on_opened
        self.pump = MediaPump(
            uplink=Uplink(stream_id=stream, seal=self._seal),
            downlink=Downlink(self._open, lambda _stream_id: volume()),
            knobs=knobs,
            capture=Capture(knobs, processing),
            on_levels=on_levels,
            on_opened=self._opened,
        )
        self.care = MediaCare(self.pump, one_peer=True, on_wish=on_wish)
        self.pump.on_report = self.care.report
        self.path: DirectPath | PathReason = (
            DirectPath(start.direct, path_context(self.pump.paths))
            if isinstance(start.direct, DirectPlan)
            else start.direct
        )
        port = (split_address(start.relay_address) or ("", 0))[1]
        self.keeper = MediaLinkKeeper(door, start.room, wanted_stream_id=stream, port=port)

    async def run(self, audio: AudioSystem, *, on_lost: Callable[[], None]) -> None:
        """Until cancelled. Raises RemoteViolation where the relay cannot be trusted."""
        async with task_scope() as tasks:
            tasks.create_task(self.pump.run(audio), name="sound")
            tasks.create_task(care_for(self.care), name="care")
            if isinstance(self.path, DirectPath):
                tasks.create_task(self.path.run(), name="direct path")
            await self.keeper.run(on_link=self._linked, on_lost=on_lost)

    @property
    def is_direct(self) -> bool:
        return isinstance(self.path, DirectPath) and self.path.is_direct

    def say(self, goodbye: Hangup) -> None:
        if isinstance(self.path, DirectPath):
            self.path.say(goodbye)

    def new_epoch(self) -> None:
        """A new path is a new epoch (e2e.md §3)."""
        if self._sealer is not None:
            self._sealer.advance_epoch()

    def adopt(self, root: bytes, *, at_once: bool) -> None:
        """Takes a mixed root; the side that only replied waits until the peer seals with it."""
        if self._sealer is None or self._opener is None:
            return
        self._opener.adopt(root)
        if at_once:
            self._sealer.adopt(root)
        else:
            self._awaited_root = root

    def _linked(self, link: Link | None) -> None:
        if link is not None and self.keeper.reconnects:
            self.new_epoch()
        self.pump.paths.use_relay(link)

    def _seal(self, packet: MediaPacket, now: float) -> bytes:
        return self._sealer.seal(packet, now) if self._sealer is not None else encode_packet(packet)

    def _open(self, datagram: bytes, now: float) -> MediaPacket:
        return self._opener.open(datagram, now) if self._opener is not None else decode_packet(datagram)

    def _opened(self) -> None:
        awaited = self._awaited_root
        if awaited is not None and self._opener is not None and self._opener.root == awaited:
            self._awaited_root = None
            if self._sealer is not None:
                self._sealer.adopt(awaited)
        self._on_opened()
