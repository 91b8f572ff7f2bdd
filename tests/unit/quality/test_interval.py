"""Loss over the last interval."""

from wzp_core.quality.interval import BurstLength, IntervalLoss, RttJitter


def test_only_the_last_interval_counts() -> None:
    loss = IntervalLoss()
    assert loss.update(100, 50) == 50.0
    assert loss.update(200, 50) == 0.0
    assert loss.update(300, 60) == 10.0
    assert loss.update(300, 60) == 0.0


def test_a_new_link_begins_anew() -> None:
    loss = IntervalLoss()
    loss.update(1000, 10)
    assert loss.update(10, 1) == 10.0


def test_what_came_late_is_no_gain_of_the_next_interval() -> None:
    loss = IntervalLoss()
    loss.update(100, 10)
    assert loss.update(200, 8) == 0.0
    assert loss.update(300, 18) == 10.0


def test_runs_of_loss_are_measured_by_their_length() -> None:
    alone, in_a_row = BurstLength(), BurstLength()
    for number in range(1, 40):
        assert alone.update(number, number) == 1.0
        in_a_row.update(8 * number, number)
    assert 7.5 < in_a_row.packets <= 8
    assert in_a_row.update(8 * 39, 39) == in_a_row.packets  # no loss says nothing


def test_a_steady_path_has_no_jitter_and_a_shaky_one_has() -> None:
    steady, shaky = RttJitter(), RttJitter()
    for number in range(200):
        steady.update(50.0)
        shaky.update(50.0 + 20 * (number % 2))
    assert steady.ms == 0.0
    assert 18 < shaky.ms <= 20
