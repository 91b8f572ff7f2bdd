"""Looks after what is sent: redundancy by the path's state, reports to the peer, recovery totals to the relay."""

import asyncio
from collections.abc import Callable

from wzp_core.codec.capability import Capability, own_capability
from wzp_core.dsp.frame import FRAME_MS
from wzp_core.engine.media import MediaPump
from wzp_core.errors import Unavailable
from wzp_core.logs import event, logger
from wzp_core.media.dred_tuner import DredTuner
from wzp_core.ports import Link
from wzp_core.protocol.media.report import QualityReport
from wzp_core.protocol.profile import STUDIO_64K, QualityProfile
from wzp_core.protocol.signal.quality import LossRecoveryUpdate
from wzp_core.quality.choice import Sending, sending
from wzp_core.quality.controller import LegState, TierController
from wzp_core.quality.interval import BurstLength, IntervalLoss, RttJitter
from wzp_core.quality.tier import Tier

TICK_S = 0.5
_REPORT_TICKS = 2
_RECOVERY_TICKS, _RARE_RECOVERY_TICKS = 10, 60  # the latter in a lifeboat, which has no room for more
_HEARD_TICKS = 8
_BURST_TICKS = 10
_BOOST_TICKS = 20  # after a change of network (calls.md §8)
_BOOST = 0.2
_TRYING_TICKS = 80  # so long we want no more than our line seemed to carry
_OUTAGE_S = 1.0  # a way that is gone says nothing of what it carries when it is back
_RISE, _FALL = 0.5, 0.05

log = logger("media")


def _nobody(_most: QualityProfile, _burst: float) -> None: ...


class MediaCare:
    """One conversation's; `tick` every half second."""

    def __init__(
        self, pump: MediaPump, *, one_peer: bool = False, on_wish: Callable[[QualityProfile, float], None] = _nobody
    ) -> None:
        """`one_peer`: the other side's reports are about the path of what we send it (a call, not a room).

        `on_wish` hears the most that the other side is to send us, and how many packets in a row we miss, when either
        has changed.
        """
        self._pump, self._one_peer = pump, one_peer
        self._own, self._peer = own_capability(), Capability()
        self._wish = "auto"
        self._tuner = DredTuner(pump.uplink.profile.codec)
        self._controller = TierController()
        self._link: Link | None = None
        self._heard: LegState | None = None  # as the peer last reported its leg
        self._loss, self._heard_loss, self._jitter = IntervalLoss(), IntervalLoss(), RttJitter()
        self._ticks = self._heard_ticks = self._boosted_until = 0
        self._worst_loss = 0.0  # of both legs; it falls slowly, since losses that come in a row leave calm intervals
        self._burst, self._told_burst, self._peer_burst = BurstLength(), 1, 1.0
        self._most = STUDIO_64K  # that we want to be sent
        self._on_wish = on_wish

    @property
    def tier(self) -> str:
        """What is sent, in the words of the setting's choices; how far automatic quality went where that is on."""
        return self._controller.tier.label if self._wish == "auto" else self._wish

    @property
    def sending(self) -> Sending:
        return sending(self._wish, self._controller.tier, self._peer, self._own)

    def wish(self, quality: str) -> None:
        """The user's setting."""
        if quality != self._wish:
            self._wish = quality
            self._set()

    def heard_of(self, peer: Capability) -> None:
        """What the other side can play; before that, it is taken for an older build."""
        self._peer = peer
        self._set()

    def cap(self, most: QualityProfile) -> None:
        """The peer or the relay wants no more; a quality that the user chose stays."""
        self._controller.cap(Tier.within(most))
        self._set()

    def begin(self, kbit_s: float) -> None:
        """Our line seems to carry so much, before any media; a wish about what the peer sends lasts forty seconds."""
        fits = self._controller.begin(kbit_s)
        self._want(fits.profile if fits < Tier.GOOD else STUDIO_64K)
        self._set()

    def _want(self, most: QualityProfile) -> None:
        if most != self._most:
            self._most = most
            self._on_wish(most, self._burst.packets)

    def carries(self, profile: QualityProfile) -> bool:
        """Whether the path has been seen to carry as much."""
        return self._wish == "auto" and self._controller.tier >= Tier.within(profile)

    def peer_misses(self, burst: float) -> None:
        """So many packets in a row, when it misses some of ours."""
        self._peer_burst = burst

    def network_changed(self) -> None:
        self._boosted_until = self._ticks + _BOOST_TICKS

    def report(self, report: QualityReport) -> None:
        """The other side's."""
        if self._one_peer:
            self._heard = LegState(report.loss, float(report.rtt_ms))
            self._heard_ticks = self._ticks

    def tick(self) -> None:
        link = self._pump.link
        if link is None:
            return
        self._ticks += 1
        if link is not self._link:
            self._controller.new_path()
            if self._link is not None:
                self.network_changed()
            elif self._one_peer:
                self.begin(link.stats().first_kbit_s)
            self._link, self._heard = link, None
        if self._ticks == _TRYING_TICKS:
            self._want(STUDIO_64K)  # from now on it climbs as its own path allows
        self._pump.uplink.fec_boost = _BOOST if self._ticks < self._boosted_until else 0.0
        if self._ticks - self._heard_ticks > _HEARD_TICKS:
            self._heard = None  # a peer that is silent in the lifeboat reports nothing
        path = link.stats()
        if path.silent_s > _OUTAGE_S:
            return
        loss_pct, jitter_ms = self._loss.update(path.sent_packets, path.lost_packets), self._jitter.update(path.rtt_ms)
        before = self._controller.tier, self._controller.is_narrow
        self._controller.update(
            LegState(loss_pct, path.rtt_ms),
            self._heard,
            asyncio.get_running_loop().time(),
            is_blind=self._one_peer and self._heard is None,
        )
        if (self._controller.tier, self._controller.is_narrow) != before:
            self._set()
        worst = max(loss_pct, self._heard.loss_pct if self._heard else 0.0)
        self._worst_loss += (worst - self._worst_loss) * (_RISE if worst > self._worst_loss else _FALL)
        tuned = self._tuner.update(self._worst_loss, path.rtt_ms, jitter_ms, self._peer_burst)
        if tuned is not None:
            self._pump.uplink.protect(tuned)
        if self._ticks % _REPORT_TICKS == 0:
            if self._one_peer:  # only we know what of its packets was lost behind the relay
                got = self._pump.downlink.stats()
                loss_pct = self._heard_loss.update(got.expected, got.missed)
                self._tell_burst(self._burst.update(got.missed, got.gaps))
            report = QualityReport.of(loss_pct=loss_pct, rtt_ms=path.rtt_ms, jitter_ms=jitter_ms)
            self._pump.uplink.attach(report)
        if self._ticks % (_RARE_RECOVERY_TICKS if self.sending.lifeboat else _RECOVERY_TICKS) == 0:
            self._tell_relay()

    def _tell_burst(self, packets: float) -> None:
        if self.sending.lifeboat:
            return  # which has no room for it
        if self._ticks % _BURST_TICKS == 0 and round(packets) != self._told_burst:
            self._told_burst = round(packets)
            self._on_wish(self._most, packets)

    def _tell_relay(self) -> None:
        got = self._pump.downlink.stats()
        update = LossRecoveryUpdate(
            dred_reconstructions=got.dred_frames,
            classical_plc_invocations=got.plc_frames,
            frames_decoded=got.opened - got.undecodable,
            jitter_buffer_depth=round(got.jitter_delay_ms / FRAME_MS),
            underruns=got.lost,
            overruns=got.discarded,
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
        self._tuner.use(chosen.profile.codec, repeats=self._peer.repeats, narrow=self._controller.is_narrow)
        protection = self._tuner.protection
        if protection is not None:
            uplink.protect(protection)
        event(log, "media:sending", codec=chosen.profile.codec.wire_name, lifeboat=chosen.lifeboat)


async def care_for(care: MediaCare) -> None:
    """Until cancelled."""
    while True:
        await asyncio.sleep(TICK_S)
        care.tick()
