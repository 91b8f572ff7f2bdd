"""Drives one direct call: its machine, its place in the relay's room, its sound."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from wzp_core.crypto.identity import Identity
from wzp_core.crypto.session import Direction, Opener, Sealer
from wzp_core.engine.board import Board
from wzp_core.engine.media import Knobs, MediaPump
from wzp_core.engine.media_link import MediaLinkKeeper, RoomDoor
from wzp_core.engine.scope import TaskScope, task_scope
from wzp_core.engine.signalling import Signalling
from wzp_core.engine.world import World
from wzp_core.errors import RemoteViolation
from wzp_core.logs import event, logger
from wzp_core.media.downlink import Downlink, Open
from wzp_core.media.uplink import Seal, Uplink
from wzp_core.protocol.address import split_address
from wzp_core.protocol.media.header import decode_packet, encode_packet
from wzp_core.protocol.signal.call import MuteState
from wzp_core.session.call import (
    Call,
    CallEffect,
    CallFinished,
    CallInput,
    MediaLost,
    MediaRefused,
    PacketOpened,
    PeerJudged,
    Send,
    StartMedia,
    TimerFired,
)
from wzp_core.session.report import CallReport
from wzp_core.session.state import CallStage, Levels, MediaView, NoAudioReason

_STATS_INTERVAL_S = 0.5
_NO_AUDIO_S = 1.0
_CALLER_STREAM, _CALLEE_STREAM = 1, 2

log = logger("call")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """What a call borrows from the engine."""

    world: World
    board: Board
    signalling: Signalling
    door: RoomDoor
    identity: Identity
    knobs: Knobs
    on_judged: Callable[[PeerJudged], None]


class CallSession:
    """`run` lasts as long as the call; everything else only puts inputs into its machine."""

    def __init__(self, machine: Call, context: CallContext) -> None:
        self._machine = machine
        self._context = context
        self._inbox: asyncio.Queue[CallInput] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._pump: MediaPump | None = None
        self._keeper: MediaLinkKeeper | None = None
        self._media = MediaView()
        self._started_unix: float | None = None
        self._setup_ms: float | None = None

    @property
    def machine(self) -> Call:
        return self._machine

    def put(self, happened: CallInput) -> None:
        self._inbox.put_nowait(happened)

    def report(self) -> CallReport:
        view = self._machine.view()
        report = CallReport(call_id=view.call_id, badge=view.badge, setup_ms=self._setup_ms)
        if self._pump is None:
            return report
        received = self._pump.downlink.stats()
        return replace(
            report,
            tx_packets=self._pump.uplink.stats().packets,
            received=received,
            mouth_to_ear_ms=self._mouth_to_ear_ms(received.jitter_delay_ms),
            reconnects=self._keeper.reconnects if self._keeper else 0,
            quality_tx=self._media.quality_tx,
            quality_rx=self._media.quality_rx,
        )

    async def run(self, first: list[CallEffect]) -> None:
        async with task_scope() as tasks:
            await self._perform(first, tasks)
            while self._machine.phase is not CallStage.ENDED:
                self._show()
                try:
                    async with asyncio.timeout_at(self._machine.deadline):
                        happened = await self._inbox.get()
                except TimeoutError:
                    happened = TimerFired()
                await self._perform(self._machine.handle(happened, self._loop.time()), tasks)
        self._show()

    async def _perform(self, effects: list[CallEffect], tasks: TaskScope) -> None:
        for effect in effects:
            match effect:
                case Send(message=message):
                    self._context.signalling.send(message, keep=self._machine.phase is not CallStage.DIALLING)
                case StartMedia():
                    tasks.create_task(self._run_media(effect), name="call media")
                case PeerJudged():
                    self._context.on_judged(effect)
                case CallFinished():
                    view = self._machine.view()
                    event(log, "call:ended", call_id=view.call_id, reason=view.ended, code=view.ended_code)

    # --- media -------------------------------------------------------------------------------------------------

    async def _run_media(self, start: StartMedia) -> None:
        outgoing = self._machine.is_outgoing
        stream = _CALLER_STREAM if outgoing else _CALLEE_STREAM
        self._pump = MediaPump(
            uplink=Uplink(stream_id=stream, seal=self._sealing(start.root, outgoing)),
            downlink=Downlink(self._opening(start.root, outgoing)),
            knobs=self._context.knobs,
            on_levels=self._show_levels,
            on_opened=self._packet_opened,
        )
        self._keeper = MediaLinkKeeper(
            self._context.door,
            str(start.room),
            wanted_stream_id=stream,
            port=(split_address(start.relay_address) or ("", 0))[1],
        )
        async with task_scope() as tasks:
            tasks.create_task(self._pump.run(self._context.world.audio), name="sound")
            tasks.create_task(self._watch(self._pump), name="call statistics")
            try:
                await self._keeper.run(on_link=self._pump.use, on_lost=self._media_lost)
            except RemoteViolation as error:
                self.put(MediaRefused(error.code))

    def _sealing(self, root: bytes | None, outgoing: bool) -> Seal:
        if root is None:
            return lambda packet, _now: encode_packet(packet)
        return Sealer(root, Direction.TO_CALLEE if outgoing else Direction.TO_CALLER, now=self._loop.time()).seal

    def _opening(self, root: bytes | None, outgoing: bool) -> Open:
        if root is None:
            return lambda datagram, _now: decode_packet(datagram)
        return Opener(root, Direction.TO_CALLER if outgoing else Direction.TO_CALLEE).open

    def _packet_opened(self) -> None:
        if self._machine.phase is CallStage.ACTIVE:
            return
        if self._started_unix is None:
            self._started_unix = self._context.world.unix_time()
            self._setup_ms = (self._loop.time() - self._began) * 1000
        if self._machine.phase in (CallStage.CONNECTING, CallStage.RECONNECTING):
            self.put(PacketOpened())

    def _media_lost(self) -> None:
        self._context.signalling.suspect()
        self.put(MediaLost())

    # --- what the user sees ------------------------------------------------------------------------------------

    async def _watch(self, pump: MediaPump) -> None:
        """Refreshes the numbers on the screen, and notices silence (decisions.md 5)."""
        while True:
            await asyncio.sleep(_STATS_INTERVAL_S)
            received = pump.downlink.stats()
            link = pump.link.stats() if pump.link is not None else None
            self._media = MediaView(
                path="relay",
                rtt_ms=round(link.rtt_ms, 1) if link else None,
                loss_pct=received.loss_pct,
                jitter_delay_ms=round(received.jitter_delay_ms),
                quality_tx=pump.uplink.stats().codec,
                quality_rx=received.codec,
                no_audio=self._why_silent(pump, received.last_packet_at),
            )
            self._show()

    def _why_silent(self, pump: MediaPump, last_packet_at: float | None) -> NoAudioReason | None:
        if self._machine.phase not in (CallStage.ACTIVE, CallStage.RECONNECTING) or last_packet_at is None:
            return None
        if pump.device_failed:
            return NoAudioReason.DEVICE_STALLED
        if self._loop.time() - last_packet_at >= _NO_AUDIO_S:
            return NoAudioReason.PATH_LOST if pump.link is None else NoAudioReason.UNKNOWN
        return NoAudioReason.PEER_MUTED if self._machine.peer_muted else None

    def _mouth_to_ear_ms(self, jitter_delay_ms: float) -> float | None:
        if self._pump is None or self._pump.link is None:
            return None
        capture_ms, playback_ms = self._pump.delays_ms
        return capture_ms + playback_ms + jitter_delay_ms + 20.0 + self._pump.link.stats().rtt_ms / 2

    def _show(self) -> None:
        view = replace(self._machine.view(), started_at_unix=self._started_unix, media=self._media)
        self._context.board.set(call=view)

    def _show_levels(self, levels: Levels) -> None:
        self._context.board.set(levels=levels)

    def tell_muted(self, muted: bool) -> None:
        """Lets the peer's screen say why it hears nothing."""
        self._context.signalling.send(MuteState(call_id=self._machine.call_id, muted=muted), keep=True)
