"""What all in a room should send so that its weakest member can hear them (relay.md §3.5)."""

from collections.abc import Hashable
from typing import Final, Generic, TypeVar

from wzp_core.protocol.media.report import QualityReport
from wzp_core.protocol.signal.quality import QualityDirective
from wzp_core.quality.controller import LegState, TierController
from wzp_core.quality.tier import Tier

_LEAST_INTERVAL_S: Final = 0.4  # between two reports of one member that count; clients report once a second

K = TypeVar("K", bound=Hashable)


class WeakestLink(Generic[K]):
    """One room's; members are judged as a client judges its own path, from what they report of theirs."""

    def __init__(self) -> None:
        self.tier = Tier.GOOD
        self._members: dict[K, TierController] = {}  # those who have reported
        self._reported_at: dict[K, float] = {}

    def report(self, member: K, report: QualityReport, now: float) -> bool:
        """Whether the room's tier has changed."""
        if now - self._reported_at.get(member, float("-inf")) < _LEAST_INTERVAL_S:
            return False
        self._reported_at[member] = now
        path = LegState(report.loss, float(report.rtt_ms))
        self._members.setdefault(member, TierController()).update(path, None, now)
        return self._judge()

    def leave(self, member: K) -> bool:
        """Whether the room's tier has changed."""
        self._reported_at.pop(member, None)
        return self._members.pop(member, None) is not None and self._judge()

    def directive(self) -> QualityDirective:
        return directive(self.tier, f"weakest link: {_name(self.tier)}")

    def _judge(self) -> bool:
        before = self.tier
        self.tier = min((member.tier for member in self._members.values()), default=Tier.GOOD)
        return self.tier is not before


def directive(tier: Tier, reason: str) -> QualityDirective:
    return QualityDirective(recommended_profile=tier.profile, reason=reason)


def _name(tier: Tier) -> str:
    """As older relays write it."""
    return "Catastrophic" if tier is Tier.LIFEBOAT else tier.name.capitalize().replace("_", "")
