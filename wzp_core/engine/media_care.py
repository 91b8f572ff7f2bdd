"""Looks after what is sent: redundancy by the path's state, reports to the peer, recovery totals to the relay."""

import asyncio

from wzp_core.codec.capability import Capability, own_capability
from wzp_core.engine.media import MediaPump
from wzp_core.errors import Unavailable
from wzp_core.logs import event, logger
from wzp_core.media.dred_tuner import DredTuner
from wzp_core.protocol.media.report import QualityReport
from wzp_core.protocol.signal.quality import LossRecoveryUpdate
from wzp_core.quality.choice import Sending, sending
from wzp_core.quality.interval import IntervalLoss, RttJitter

TICK_S = 0.5
_REPORT_TICKS = 2
_RECOVERY_TICKS = 10

log = logger("media")


class MediaCare:
    """One conversation's; `tick` every half second."""

    def __init__(self, pump: MediaPump) -> None:
        self._pump = pump
        self._own, self._peer = own_capability(), Capability()
        self._wish = "auto"
        self._tuner = DredTuner(pump.uplink.profile.codec)
        self._loss, self._jitter = IntervalLoss(), RttJitter()
        self._ticks = 0

    @property
    def sending(self) -> Sending:
        return sending(self._wish, self._peer, self._own)

    def wish(self, quality: str) -> None:
        """The user's setting."""
        if quality != self._wish:
            self._wish = quality
            self._set()

    def heard_of(self, peer: Capability) -> None:
        """What the other side can play; before that, it is taken for an older build."""
        self._peer = peer
        self._set()

    def tick(self) -> None:
        link = self._pump.link
        if link is None:
            return
        self._ticks += 1
        path = link.stats()
        loss_pct, jitter_ms = self._loss.update(path.sent_packets, path.lost_packets), self._jitter.update(path.rtt_ms)
        tuned = self._tuner.update(loss_pct, path.rtt_ms, jitter_ms)
        if tuned is not None:
            self._pump.uplink.protect(tuned)
        if self._ticks % _REPORT_TICKS == 0:
            report = QualityReport.of(loss_pct=loss_pct, rtt_ms=path.rtt_ms, jitter_ms=jitter_ms)
            self._pump.uplink.attach(report)
        if self._ticks % _RECOVERY_TICKS == 0:
            self._tell_relay()

    def _tell_relay(self) -> None:
        got = self._pump.downlink.stats()
        update = LossRecoveryUpdate(
            dred_reconstructions=got.dred_frames,
            classical_plc_invocations=got.plc_frames,
            frames_decoded=got.opened - got.undecodable,
        )
        try:
            if self._pump.link is not None:
                self._pump.link.send_signal(update)
        except Unavailable as error:
            event(log, "media:recovery_not_told", error=error)

    def _set(self) -> None:
        chosen = self.sending
        uplink = self._pump.uplink
        try:
            uplink.use(chosen.profile, lifeboat=chosen.lifeboat)
        except Unavailable as error:  # a library that is missing after all: stay as we are
            event(log, "media:profile_refused", error=error)
            return
        uplink.dtx, uplink.short_repairs = chosen.dtx, chosen.short_repairs
        self._tuner.use(chosen.profile.codec, repeats=self._peer.repeats)
        protection = self._tuner.protection
        if protection is not None:
            uplink.protect(protection)
        event(log, "media:sending", codec=chosen.profile.codec.wire_name, lifeboat=chosen.lifeboat)


async def care_for(care: MediaCare) -> None:
    """Until cancelled."""
    while True:
        await asyncio.sleep(TICK_S)
        care.tick()
