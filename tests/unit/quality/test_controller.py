"""Which tier is sent at, half second by half second."""

from wzp_core.protocol.profile import CodecId, profile_of
from wzp_core.quality.controller import LegState, TierController
from wzp_core.quality.tier import Tier

FINE = LegState(0.0, 40.0)


def run(controller: TierController, seconds: float, own: LegState, peer: LegState | None, since: float) -> float:
    for step in range(int(seconds * 2)):
        controller.update(own, peer, since + step / 2)
    return since + seconds


def test_a_calm_path_is_used_ever_better_but_not_at_once() -> None:
    controller = TierController()
    now = run(controller, 9, FINE, FINE, 0.0)
    assert controller.tier is Tier.GOOD
    run(controller, 31, FINE, FINE, now)
    assert controller.tier is Tier.STUDIO_64K


def test_a_distant_or_lossy_path_is_no_narrow_one() -> None:
    controller = TierController()
    run(controller, 60, LegState(30.0, 400.0), LegState(30.0, 400.0), 0.0)
    assert controller.tier is Tier.GOOD


def test_packets_that_queue_up_on_either_leg_bring_it_down_to_the_lifeboat() -> None:
    for legs in ((LegState(5.0, 700.0), FINE), (FINE, LegState(5.0, 700.0))):
        controller = TierController()
        now = run(controller, 2, FINE, FINE, 0.0)
        run(controller, 6, *legs, now)
        assert controller.tier is Tier.LIFEBOAT


def test_a_queue_that_stands_though_we_send_less_is_somebody_elses_and_good_sound_comes_back() -> None:
    controller = TierController()
    now = run(controller, 2, FINE, FINE, 0.0)
    for filled in range(400, 2000, 200):  # by a greedy sender, to the brim
        now = run(controller, 0.5, LegState(1.0, filled), FINE, now)
    now = run(controller, 3, LegState(1.0, 2000.0), FINE, now)
    assert controller.tier is Tier.LIFEBOAT
    for _ in range(7):  # it gives way and fills again
        for queue in (1400.0, 1500.0, 1700.0, 1900.0, 2000.0, 2000.0):
            now = run(controller, 0.5, LegState(2.0, queue), FINE, now)
    assert controller.tier is Tier.GOOD


def test_nothing_more_is_tried_while_the_peer_cannot_say_how_it_fares() -> None:
    controller = TierController()
    for step in range(80):
        controller.update(FINE, None, step / 2, is_blind=True)
    assert controller.tier is Tier.GOOD


def test_what_costs_packets_or_grows_is_not_somebody_elses_for_long() -> None:
    for worse in (LegState(40.0, 1000.0), LegState(0.0, 1800.0)):
        controller = TierController()
        now = run(controller, 2, FINE, FINE, 0.0)
        now = run(controller, 18, LegState(0.0, 1000.0), FINE, now)
        assert controller.tier is Tier.DEGRADED
        now = run(controller, 2, worse, FINE, now)
        assert controller.tier is Tier.LIFEBOAT


def test_a_path_that_lets_nearly_nothing_through_is_narrow_even_without_a_queue() -> None:
    controller = TierController()
    run(controller, 6, LegState(80.0, 40.0), FINE, 0.0)
    assert controller.tier is Tier.LIFEBOAT


def test_a_short_spike_changes_nothing() -> None:
    controller = TierController()
    now = run(controller, 2, FINE, FINE, 0.0)
    now = run(controller, 1.5, LegState(0.0, 900.0), FINE, now)
    run(controller, 1, FINE, FINE, now)
    assert controller.tier is Tier.GOOD


def test_it_climbs_out_again_and_waits_longer_after_every_mistake() -> None:
    controller = TierController()
    now, ups = run(controller, 2, FINE, FINE, 0.0), []
    now = run(controller, 4, LegState(0.0, 900.0), FINE, now)
    assert controller.tier is Tier.LIFEBOAT
    for _ in range(4):
        began = now
        while controller.tier is Tier.LIFEBOAT:
            now = run(controller, 0.5, FINE, FINE, now)
        ups.append(now - began)
        while controller.tier > Tier.LIFEBOAT:
            now = run(controller, 0.5, LegState(0.0, 900.0), FINE, now)
    assert ups == sorted(ups)
    assert ups[-1] >= 4 * ups[0]


def test_another_path_is_judged_by_itself() -> None:
    controller = TierController()
    now = run(controller, 5, FINE, FINE, 0.0)
    controller.new_path()
    run(controller, 5, LegState(0.0, 600.0), None, now)
    assert controller.tier is Tier.GOOD


def test_nothing_beyond_what_the_peer_wants_is_tried_out() -> None:
    controller = TierController()
    now = run(controller, 60, FINE, FINE, 0.0)
    controller.cap(Tier.STUDIO_32K)
    assert controller.tier is Tier.STUDIO_32K
    now = run(controller, 60, FINE, FINE, now)
    assert controller.tier is Tier.STUDIO_32K
    controller.cap(Tier.STUDIO_64K)
    run(controller, 60, FINE, FINE, now)
    assert controller.tier is Tier.STUDIO_64K


def test_every_profile_is_some_ceiling() -> None:
    for codec in CodecId:
        profile = profile_of(codec)
        if profile is not None:
            assert Tier.within(profile) <= Tier.STUDIO_64K
    assert [Tier.within(tier.profile) for tier in Tier] == list(Tier)


def test_a_path_that_seemed_narrow_begins_low_and_is_tried_later_than_others() -> None:
    def goes_up_after(kbit_s: float) -> int:
        controller = TierController()
        controller.begin(kbit_s)
        began = controller.tier
        return next(
            tick for tick in range(1000) if controller.update(LegState(0.0, 50.0), None, 0.5 * tick) is not began
        )

    begins = {kbit: TierController().begin(kbit) for kbit in (4.0, 12.0, 30.0, 500.0)}
    assert begins == {4.0: Tier.LIFEBOAT, 12.0: Tier.LIFEBOAT, 30.0: Tier.DEGRADED, 500.0: Tier.STUDIO_64K}
    assert goes_up_after(30.0) == 4 * (goes_up_after(500.0) + 1) - 1
