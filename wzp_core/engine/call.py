"""Drives one direct call: its machine, its place in the relay's room, its sound."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from wzp_core.codec.capability import Capability, own_capability
from wzp_core.engine.board import Board
from wzp_core.engine.call_media import CallMedia
from wzp_core.engine.candidates import Gatherer
from wzp_core.engine.direct import DirectDoor
from wzp_core.engine.direct_path import DirectPath, PathContext, PathSignal
from wzp_core.engine.hard_nat import HardNat
from wzp_core.engine.knobs import Knobs
from wzp_core.engine.media import MediaPump
from wzp_core.engine.media_care import MediaCare
from wzp_core.engine.media_link import RoomDoor
from wzp_core.engine.paths import Paths
from wzp_core.engine.recorder import record_debug
from wzp_core.engine.scope import TaskScope, task_scope
from wzp_core.engine.signalling import Signalling
from wzp_core.engine.world import World
from wzp_core.errors import RemoteViolation
from wzp_core.logs import event, logger
from wzp_core.media.stats import ReceiveStats
from wzp_core.protocol.profile import QualityProfile
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.call import Hangup, MuteState, Rekey
from wzp_core.protocol.signal.quality import (
    MediaCapability,
    QualityCapability,
    UpgradeConfirm,
    UpgradeProposal,
    UpgradeResponse,
)
from wzp_core.session.call import Call
from wzp_core.session.call_events import (
    AdoptRoot,
    CallEffect,
    CallFinished,
    CallInput,
    MediaLost,
    MediaMoved,
    MediaRefused,
    PacketOpened,
    PeerJudged,
    Rejoined,
    RekeyCame,
    RekeyDue,
    SasOverdue,
    Send,
    StartMedia,
    TimerFired,
)
from wzp_core.session.report import CallReport, MouthToEar
from wzp_core.session.state import CallStage, CallView, MediaView, NoAudioReason, Volume

_STATS_INTERVAL_S = 0.5
_NO_AUDIO_S = 1.0
_FRAME_MS = 20.0
_REKEY_S = 3600.0
_SAS_LIMIT_S = 10.0
_LONG_OUTAGE_S = 10.0
_SILENT_LIMIT_S = 5.0  # media never rests: the peer is gone, or its goodbye was lost
_REPEAT_S = 30.0  # a lifeboat has no room for more

log = logger("call")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """What a call borrows from the engine."""

    world: World
    board: Board
    signalling: Signalling
    door: RoomDoor
    direct: DirectDoor
    gatherer: Gatherer
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
        self._media: CallMedia | None = None
        self._peer_words: tuple[str, ...] | None = None
        self._early_path_signals: list[PathSignal] = []  # the peer may begin to look before we do
        self._shown = MediaView()
        self._asked: QualityCapability | None = None  # of the peer, last
        self._opened_at = self._rekey_at = float("inf")
        self._started_unix: float | None = None
        self._setup_ms: float | None = None
        self._final: CallReport | None = None  # as it was before the devices and streams were closed
        self._is_over = False  # the screen belongs to the next call, whatever is still being closed here

    @property
    def machine(self) -> Call:
        return self._machine

    def put(self, happened: CallInput) -> None:
        if isinstance(happened, MediaCapability):
            self._peer_words = happened.words
            if self._media is not None:
                self._media.care.heard_of(Capability.of_words(happened.words))
            return
        if isinstance(happened, QualityCapability | UpgradeProposal | UpgradeConfirm):
            if self._media is not None:
                self._heed(happened, self._media.care)
            return
        if isinstance(happened, PathSignal):
            if self._media is not None and isinstance(self._media.path, DirectPath):
                self._media.path.signal(happened)
            else:
                self._early_path_signals = [*self._early_path_signals[-7:], happened]
            return
        if isinstance(happened, Rejoined) and self._media is not None:
            self._tell_state()
        if isinstance(happened, Rekey):
            happened = RekeyCame(happened, self._context.world.entropy(32))
        self._inbox.put_nowait(happened)

    def report(self) -> CallReport:
        """Of the running call, or as it ended."""
        if self._final is not None:
            return replace(self._final, badge=self._machine.view().badge)
        view = self._machine.view()
        report = CallReport(call_id=view.call_id, badge=view.badge, setup_ms=self._setup_ms)
        if self._media is None:
            return report
        path = self._media.path
        pump, received = self._media.pump, self._media.pump.downlink.stats()
        return replace(
            report,
            tx_packets=pump.uplink.stats().packets,
            received=received,
            mouth_to_ear=_mouth_to_ear(pump, received),
            reconnects=self._media.keeper.reconnects,
            sound=pump.sound(),
            path=self._shown.path,
            time_to_direct_ms=path.time_to_direct_ms if isinstance(path, DirectPath) else None,
            probes_sent=path.probes_sent if isinstance(path, DirectPath) else 0,
            quality_tx=self._shown.quality_tx,
            quality_rx=self._shown.quality_rx,
        )

    async def run(self, first: list[CallEffect], on_ended: Callable[[CallView], Awaitable[None]]) -> None:
        """Returns when devices and streams are closed, which may be a while after the end."""
        async with task_scope() as tasks:
            await self._perform(first, tasks)
            while self._machine.phase is not CallStage.ENDED:
                self.show()
                try:
                    async with asyncio.timeout_at(self._machine.deadline):
                        happened = await self._inbox.get()
                except TimeoutError:
                    happened = TimerFired()
                await self._perform(self._machine.handle(happened, self._loop.time()), tasks)
            self._final = self.report()
            self.show()
            self._is_over = True
            tasks.cancel_all()
            await on_ended(self._view())

    async def _perform(self, effects: list[CallEffect], tasks: TaskScope) -> None:
        for effect in effects:
            match effect:
                case Send(message=message):
                    if isinstance(message, Hangup) and self._media is not None:
                        self._media.say(message)
                    self._context.signalling.send(message, keep=self._machine.phase is not CallStage.DIALLING)
                case StartMedia():
                    tasks.create_task(self._run_media(effect), name="call media")
                case AdoptRoot(root=root, at_once=at_once):
                    if self._media is not None:
                        self._media.adopt(root, at_once=at_once)
                case PeerJudged():
                    self._context.on_judged(effect)
                case CallFinished():
                    view = self._machine.view()
                    event(log, "call:ended", call_id=view.call_id, reason=view.ended, code=view.ended_code)

    # --- media -------------------------------------------------------------------------------------------------

    async def _run_media(self, start: StartMedia) -> None:
        context = self._context
        self._media = CallMedia(
            start,
            outgoing=self._machine.is_outgoing,
            door=context.door,
            knobs=context.knobs,
            processing=context.world.processing,
            on_levels=lambda levels: context.board.set(levels=levels),
            on_opened=self._packet_opened,
            volume=lambda: self._volume().gain,
            on_wish=self._ask,
            path_context=self._path_context,
        )
        if isinstance(self._media.path, DirectPath):
            for early in self._early_path_signals:
                self._media.path.signal(early)
        self._media.care.wish(context.board.state.settings.call.quality)
        if self._peer_words is not None:
            self._media.care.heard_of(Capability.of_words(self._peer_words))
        self._tell_state()
        self._media.care.begin(context.signalling.first_kbit_s)
        async with task_scope() as tasks:
            tasks.create_task(self._watch(), name="call statistics")
            tasks.create_task(record_debug(self._media.pump.capture, context.world, context.board), name="recording")
            try:
                await self._media.run(context.world.audio, on_lost=self._media_lost)
            except RemoteViolation as error:
                self.put(MediaRefused(error.code))

    def _heed(self, message: QualityCapability | UpgradeProposal | UpgradeConfirm, care: MediaCare) -> None:
        """Each side sends as well as its own path carries, so that proposals are answered and never made."""
        match message:
            case QualityCapability():
                care.cap(message.max_profile)
                care.peer_misses(message.burst or 1.0)
            case UpgradeProposal():
                carries = care.carries(message.proposed_profile)
                answer = UpgradeResponse(
                    call_id=message.call_id,
                    proposal_id=message.proposal_id,
                    accepted=carries,
                    reason=None if carries else "quality is lower here",
                )
                self._context.signalling.send(answer)
            case UpgradeConfirm():
                care.cap(message.confirmed_profile)

    def _ask(self, most: QualityProfile, burst: float) -> None:
        self._asked = QualityCapability(call_id=self._machine.call_id, max_profile=most, burst=burst)
        self._context.signalling.send(self._asked)

    def _tell_state(self) -> None:
        for message in self._own_state():
            self._context.signalling.send(message)

    def _own_state(self) -> list[SignalMessage]:
        """Told in turn for ever: any signal may be lost with the link that carries it, here or behind the relay."""
        call_id = self._machine.call_id
        told: list[SignalMessage] = [
            MuteState(call_id=call_id, muted=self._context.knobs.microphone_muted),
            MediaCapability(call_id=call_id, words=own_capability().words()),
        ]
        return told if self._asked is None else [*told, self._asked]

    def _packet_opened(self) -> None:
        now = self._loop.time()
        if now - self._opened_at > _LONG_OUTAGE_S:
            self._rekey_at = now  # one of the devices may have slept
        self._opened_at = now
        if self._machine.phase not in (CallStage.CONNECTING, CallStage.RECONNECTING):
            return
        if self._started_unix is None:
            self._started_unix = self._context.world.unix_time()
            self._setup_ms = (now - self._began) * 1000
            self._rekey_at = now + _REKEY_S
        self._refresh()
        self.put(PacketOpened())

    def _media_lost(self) -> None:
        """Of the relay's link; while media goes directly nobody hears of it."""
        self._context.signalling.suspect()
        if self._media is None or not self._media.is_direct:
            self.put(MediaLost())

    def _path_context(self, paths: Paths) -> PathContext:
        gatherer, signalling = self._context.gatherer, self._context.signalling
        return PathContext(
            door=self._context.direct,
            paths=paths,
            candidates=gatherer.candidates,
            new_hard_nat=lambda plan: HardNat(
                plan,
                gatherer.settled,
                gatherer.observed,
                lambda message: signalling.send(message, keep=True),
                self._context.direct.endpoint,
                self._context.world.unix_time,
                self._context.world.entropy,
            ),
            send=lambda message: signalling.send(message, keep=True),
            on_moved=self._moved,
            on_goodbye=self.put,
        )

    def _moved(self, direct: bool) -> None:
        if self._media is not None:
            self._media.new_epoch()
            if not direct and self._media.pump.link is None:
                self.put(MediaLost())  # the relay had gone before
        self.put(MediaMoved(direct))
        self._refresh()

    def network_changed(self) -> None:
        if self._media is None:
            return
        self._media.care.network_changed()
        if isinstance(self._media.path, DirectPath):
            self._media.path.changed()

    # --- what the user sees ------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Refreshes the numbers on the screen, and looks for what must not wait for a signal that may be lost."""
        overdue_at, repeat_at = self._loop.time() + _SAS_LIMIT_S, self._loop.time() + _REPEAT_S
        repeated = 0
        while True:
            await asyncio.sleep(_STATS_INTERVAL_S)
            self._refresh()
            self.show()
            if self._media is not None:
                settings = self._context.board.state.settings
                self._media.care.wish(settings.call.quality)
                if isinstance(self._media.path, DirectPath):
                    self._media.path.allow(settings.network.path != "relay")
            if self._loop.time() >= self._rekey_at:
                self._rekey_at = self._loop.time() + _REKEY_S
                self.put(RekeyDue(self._context.world.entropy(32)))
            if self._loop.time() >= repeat_at:
                told = self._own_state()
                repeat_at += _REPEAT_S / len(told)
                self._context.signalling.send(told[repeated % len(told)])
                repeated += 1
            if self._loop.time() - self._opened_at > _SILENT_LIMIT_S:
                self.put(MediaLost())
            if self._loop.time() >= overdue_at:
                overdue_at = float("inf")
                self.put(SasOverdue())

    def _refresh(self) -> None:
        if self._media is None:
            return
        pump = self._media.pump
        received = pump.downlink.stats()
        link = pump.link.stats() if pump.link is not None else None
        path = self._media.path
        self._shown = MediaView(
            path="direct" if self._media.is_direct else "relay",
            path_reason=path.reason if isinstance(path, DirectPath) else path,
            rtt_ms=round(link.rtt_ms, 1) if link else None,
            loss_pct=received.loss_pct,
            jitter_delay_ms=round(received.jitter_delay_ms),
            quality_tx=pump.uplink.stats().codec,
            quality_rx=received.codec,
            tier=self._media.care.tier,
            no_audio=self._why_silent(pump, received.last_packet_at),
        )

    def _why_silent(self, pump: MediaPump, last_packet_at: float | None) -> NoAudioReason | None:
        """Silence is an event, with its reason where that is known (decisions.md 5)."""
        if self._machine.phase not in (CallStage.ACTIVE, CallStage.RECONNECTING) or last_packet_at is None:
            return None
        if pump.device_failed:
            return NoAudioReason.DEVICE_STALLED
        if self._loop.time() - last_packet_at >= _NO_AUDIO_S:
            return NoAudioReason.PATH_LOST if pump.link is None else NoAudioReason.UNKNOWN
        return NoAudioReason.PEER_MUTED if self._machine.peer_muted else None

    def _view(self) -> CallView:
        return replace(
            self._machine.view(), started_at_unix=self._started_unix, media=self._shown, volume=self._volume()
        )

    def _volume(self) -> Volume:
        return self._context.knobs.volumes.of(self._machine.peer)

    def show(self) -> None:
        """At once, with the peer's volume as it is now."""
        if not self._is_over:
            self._context.board.set(call=self._view())

    def tell_muted(self, muted: bool) -> None:
        """Lets the peer's screen say why it hears nothing."""
        self._context.signalling.send(MuteState(call_id=self._machine.call_id, muted=muted), keep=True)


def _mouth_to_ear(pump: MediaPump, received: ReceiveStats) -> MouthToEar | None:
    if pump.link is None:
        return None
    capture, playback = pump.delays_ms
    return MouthToEar(
        capture=capture,
        frame=_FRAME_MS,
        network=pump.link.stats().rtt_ms / 2,
        jitter_buffer=received.jitter_delay_ms,
        playback=playback,
    )
