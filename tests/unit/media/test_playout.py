import pytest

from wzp_core.media.playout import LEAST_MS, MOST_MS, TargetDelay


def feed(delay: TargetDelay, lateness_ms: list[float], first: int = 0) -> int:
    """Packets every 20 ms, each so much later than the fastest path; returns the next packet's number."""
    for number, late in enumerate(lateness_ms, first):
        delay.arrived(number * 20.0, number * 0.020 + late / 1000.0)
    return first + len(lateness_ms)


def test_a_clean_link_ends_with_one_frame() -> None:
    delay = TargetDelay()
    assert delay.target_ms == 30.0
    feed(delay, [0.0] * 300)
    assert delay.target_ms == LEAST_MS == 20.0


def test_late_packets_raise_the_target_within_a_fraction_of_a_second() -> None:
    delay = TargetDelay()
    number = feed(delay, [0.0] * 300)
    feed(delay, [0.0, 100.0, 80.0, 60.0, 40.0] * 3, number)
    assert delay.target_ms > 90.0


def test_a_single_late_packet_is_not_worth_more_delay_for_all() -> None:
    delay = TargetDelay()
    feed(delay, [0.0] * 300 + [200.0] + [0.0] * 5)
    assert delay.target_ms == LEAST_MS


def test_the_target_falls_slowly_after_trouble() -> None:
    delay = TargetDelay()
    number = feed(delay, [0.0, 150.0] * 50)
    assert delay.target_ms > 150.0
    number = feed(delay, [0.0] * 250, number)
    assert 120.0 < delay.target_ms <= 170.0
    feed(delay, [0.0] * 1500, number)
    assert delay.target_ms == LEAST_MS


def test_the_target_is_bounded_whatever_arrives() -> None:
    delay = TargetDelay()
    feed(delay, [0.0, 500.0, 900.0, 1_400.0] * 50)
    assert delay.target_ms == MOST_MS


def test_waiting_for_redundancy_is_worth_at_most_two_hundred_milliseconds() -> None:
    delay = TargetDelay()
    for number in range(0, 2_000, 20):  # every packet is the first after a second of loss
        delay.arrived(number * 20.0, number * 0.020, missing_ms=1_000.0)
    assert 150.0 < delay.target_ms <= 225.0


def test_a_path_that_became_slower_for_good_costs_no_extra_delay_after_a_while() -> None:
    delay = TargetDelay()
    number = feed(delay, [0.0] * 300)
    number = feed(delay, [100.0] * 100, number)
    assert delay.target_ms > 100.0
    number = feed(delay, [100.0] * 250, number)
    assert delay.target_ms < 40.0
    assert delay.lag_ms(number * 20.0, number * 0.020 + 0.100) == pytest.approx(0.0, abs=1e-6)


def test_a_sender_that_slept_is_not_taken_for_a_slow_path() -> None:
    delay = TargetDelay()
    number = feed(delay, [0.0] * 300)
    feed(delay, [60_000.0] * 20, number)  # its clock stood still for a minute
    assert delay.target_ms == LEAST_MS
