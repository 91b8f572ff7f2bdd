"""Drives one voice room: our place in it, who else is there, everybody's sound."""

import asyncio
from dataclasses import replace

from wzp_core.crypto.rooms import server_name
from wzp_core.engine.board import Board
from wzp_core.engine.capture import Capture
from wzp_core.engine.knobs import Knobs
from wzp_core.engine.media import MediaPump
from wzp_core.engine.media_care import MediaCare, care_for
from wzp_core.engine.media_link import MediaLinkKeeper, RoomDoor
from wzp_core.engine.recorder import record_debug
from wzp_core.engine.scope import task_scope
from wzp_core.engine.world import World
from wzp_core.errors import ErrorCode, RemoteViolation
from wzp_core.media.downlink import Downlink
from wzp_core.media.stats import ReceiveStats
from wzp_core.media.uplink import Uplink
from wzp_core.ports import Link, SoundStats
from wzp_core.protocol.media.header import decode_packet, encode_packet
from wzp_core.protocol.profile import STUDIO_64K
from wzp_core.protocol.refusal import PASSING
from wzp_core.protocol.signal.base import SignalMessage
from wzp_core.protocol.signal.quality import QualityDirective
from wzp_core.protocol.signal.room import RoomUpdate
from wzp_core.session.lobby import shown_alias
from wzp_core.session.state import Levels, MediaView, Participant, RoomStage, RoomView

_STATS_INTERVAL_S = 0.5


class RoomSession:
    """`run` lasts until it is cancelled; rooms are protected to the relay only."""

    def __init__(self, name: str, *, world: World, board: Board, door: RoomDoor, knobs: Knobs) -> None:
        self._board, self._world, self._volumes = board, world, knobs.volumes
        self._heard: dict[int, str] = {}  # whose stream it is
        self._view = RoomView(name=name, stage=RoomStage.JOINING)
        self._keeper = MediaLinkKeeper(door, server_name(name), takes_trunks=True)
        self._pump = MediaPump(
            uplink=Uplink(stream_id=0, seal=lambda packet, _now: encode_packet(packet)),
            downlink=Downlink(lambda datagram, _now: decode_packet(datagram), self._gain, withheld=True),
            knobs=knobs,
            capture=Capture(knobs, world.processing),
            on_levels=self._show_levels,
            on_opened=lambda: None,
        )
        self._care = MediaCare(self._pump)

    def stats(self) -> ReceiveStats:
        return self._pump.downlink.stats()

    def sound(self) -> SoundStats:
        return self._pump.sound()

    @property
    def sent_packets(self) -> int:
        return self._pump.uplink.stats().packets

    async def run(self) -> None:
        self.show()
        try:
            async with task_scope() as tasks:
                tasks.create_task(self._pump.run(self._world.audio), name="room sound")
                tasks.create_task(self._watch(), name="room statistics")
                tasks.create_task(record_debug(self._pump.capture, self._world, self._board), name="recording")
                tasks.create_task(care_for(self._care), name="care")
                try:
                    await self._keeper.run(
                        on_link=self._linked,
                        on_lost=self._lost,
                        on_found=self._found,
                        on_signal=self._signal,
                        on_refused=self._refused,
                    )
                except RemoteViolation as error:
                    self._view = replace(self._view, stage=RoomStage.FAILED, error=error.code)
                    self.show()
                    await asyncio.Event().wait()  # stays on the screen until the user leaves
        finally:
            self._board.set(room=None)

    def _linked(self, link: Link | None) -> None:
        self._pump.paths.use_relay(link, trunked=self._keeper.trunked)
        if link is not None:
            self._pump.uplink.stream_id = self._keeper.stream_id
            self._care.cap(STUDIO_64K)  # until the relay says less
            started = self._view.started_at_unix or self._world.unix_time()
            self._view = replace(self._view, stage=RoomStage.JOINED, started_at_unix=started, error=None)
            self.show()

    def _lost(self) -> None:
        self._view = replace(self._view, stage=RoomStage.RECONNECTING)
        self.show()

    def _found(self) -> None:
        self._view = replace(self._view, stage=RoomStage.JOINED, error=None)
        self.show()

    def _refused(self, code: ErrorCode) -> None:
        stage = self._view.stage if code in PASSING else RoomStage.FAILED
        self._view = replace(self._view, stage=stage, error=code)
        self.show()

    def _signal(self, message: SignalMessage) -> None:
        if isinstance(message, QualityDirective):
            self._care.cap(message.recommended_profile)
        if isinstance(message, RoomUpdate):
            members = tuple(
                Participant(
                    fingerprint=p.fingerprint,
                    alias=shown_alias(p.alias),
                    relay_label=p.relay_label,
                    stream_id=p.stream_id or 0,
                )
                for p in message.participants
            )
            nearest_last = sorted(members, key=lambda member: member.relay_label is None)  # ids are each relay's own
            self._heard = {member.stream_id: member.key for member in nearest_last if member.stream_id}
            self._volumes.forget_guests(but=self._heard.values())
            unique = {(member.key, member.alias): member for member in members}
            self._view = replace(self._view, participants=tuple(unique.values()))
            self.show()

    def _gain(self, stream_id: int) -> float:
        return self._volumes.of(self._heard.get(stream_id, "")).gain

    async def _watch(self) -> None:
        while True:
            self._care.wish(self._board.state.settings.call.quality)
            await asyncio.sleep(_STATS_INTERVAL_S)
            received = self._pump.downlink.stats()
            speaking = set(received.speaking)
            roster = tuple(replace(p, speaking=p.stream_id in speaking) for p in self._view.participants)
            link = self._pump.link
            media = MediaView(
                rtt_ms=round(link.stats().rtt_ms, 1) if link is not None else None,
                loss_pct=received.loss_pct,
                jitter_delay_ms=round(received.jitter_delay_ms),
                quality_tx=self._pump.uplink.stats().codec,
                quality_rx=received.codec,
                tier=self._care.tier,
            )
            self._view = replace(self._view, participants=roster, media=media)
            self.show()

    def show(self) -> None:
        """At once, with everybody's volume as it is now."""
        roster = tuple(replace(p, volume=self._volumes.of(p.key)) for p in self._view.participants)
        self._view = replace(self._view, participants=roster)
        self._board.set(room=self._view)

    def _show_levels(self, levels: Levels) -> None:
        self._board.set(levels=levels)
