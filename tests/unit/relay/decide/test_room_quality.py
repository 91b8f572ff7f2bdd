from hypothesis import given
from hypothesis import strategies as st

from relay.decide.room_quality import WeakestLink
from wzp_core.protocol.media.report import QualityReport
from wzp_core.protocol.profile import CATASTROPHIC, GOOD
from wzp_core.quality.tier import Tier

FINE = QualityReport.of(loss_pct=0, rtt_ms=40, jitter_ms=1)
QUEUED = QualityReport.of(loss_pct=3, rtt_ms=900, jitter_ms=80)


class Room:
    """Everybody reports once a second."""

    def __init__(self) -> None:
        self.weakest: WeakestLink[str] = WeakestLink()
        self.now = 0.0
        self.changes: list[Tier] = []

    def seconds(self, count: int, **reports: QualityReport) -> Tier:
        for _ in range(count):
            self.now += 1.0
            for member, report in reports.items():
                if self.weakest.report(member, report, self.now):
                    self.changes.append(self.weakest.tier)
        return self.weakest.tier


def test_a_room_begins_good_and_says_so_as_older_relays_do() -> None:
    directive = Room().weakest.directive()
    assert (directive.recommended_profile, directive.reason) == (GOOD, "weakest link: Good")


def test_all_follow_the_weakest_down_and_up_again() -> None:
    room = Room()
    assert room.seconds(30, ann=FINE, ben=FINE) is Tier.STUDIO_32K
    assert room.seconds(30, ann=FINE, ben=QUEUED) is Tier.LIFEBOAT
    assert room.weakest.directive().recommended_profile == CATASTROPHIC
    assert room.weakest.directive().reason == "weakest link: Catastrophic"
    assert room.seconds(200, ann=FINE, ben=FINE) > Tier.GOOD


def test_when_the_weakest_leaves_the_others_are_judged_anew() -> None:
    room = Room()
    room.seconds(30, ann=FINE)
    room.seconds(30, ann=FINE, ben=FINE)
    room.seconds(30, ann=FINE, ben=QUEUED)
    assert room.weakest.leave("ben")
    assert room.weakest.tier > Tier.GOOD
    assert not room.weakest.leave("ben")
    assert not room.weakest.leave("cleo")


def test_whoever_reports_nothing_holds_nobody_down() -> None:
    room = Room()
    room.seconds(100, ann=FINE)
    assert room.weakest.tier > Tier.STUDIO_32K


def test_a_distant_member_is_not_a_weak_one() -> None:
    room = Room()
    assert room.seconds(60, ann=QualityReport.of(loss_pct=0, rtt_ms=600, jitter_ms=3)) > Tier.GOOD


def test_reports_in_every_packet_count_no_more_than_a_few_a_second() -> None:
    room = Room()
    room.seconds(3, ann=FINE)
    for packet in range(50):
        assert not room.weakest.report("ann", QUEUED, room.now + packet * 0.02)


def test_a_studio_tier_has_its_older_name() -> None:
    room = Room()
    room.seconds(30, ann=FINE)
    assert room.weakest.directive().reason == "weakest link: Studio32k"


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.none() | st.builds(QualityReport, *[st.integers(0, 255)] * 4),
            st.floats(0.0, 3.0),
        ),
        max_size=120,
    )
)
def test_the_room_is_told_exactly_when_its_weakest_member_changed(
    steps: list[tuple[str, QualityReport | None, float]],
) -> None:
    weakest, now = WeakestLink[str](), 0.0
    for member, report, pause in steps:
        now += pause
        before = weakest.tier
        changed = weakest.leave(member) if report is None else weakest.report(member, report, now)
        assert changed == (weakest.tier is not before)
        tiers = [controller.tier for controller in weakest._members.values()]
        assert weakest.tier is min(tiers, default=Tier.GOOD)
