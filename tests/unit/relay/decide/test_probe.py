import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.decide.probe import GOSSIP_EVERY, SILENCE_S, ProbeWindow


def test_loss_counts_the_ping_under_way_and_round_trips_give_rtt_and_jitter() -> None:
    window = ProbeWindow("t")
    window.connected(0.0)
    for second, rtt_s in enumerate((0.010, 0.030, None, 0.020)):
        timestamp_ms, _ = window.ping(float(second))
        if rtt_s is not None:
            window.pong(timestamp_ms, second + rtt_s)
    stats = window.stats()
    assert (stats.up, stats.loss_pct) == (True, 25.0)
    assert stats.rtt_ms == pytest.approx(20)
    assert stats.jitter_ms == pytest.approx(8.165, abs=0.001)  # of 10, 30, 20; the whole population
    window.ping(4.0)
    assert window.stats().loss_pct == 40.0


def test_only_the_last_sixty_pings_count() -> None:
    window = ProbeWindow("t")
    for second in range(60):
        window.ping(float(second))
    for second in range(60, 120):
        window.pong(window.ping(float(second))[0], second + 0.01)
    assert window.stats().loss_pct == 0.0


def test_a_lost_target_is_down_without_round_trip_and_its_outage_stays_visible_when_it_is_back() -> None:
    window = ProbeWindow("t")
    window.connected(0.0)
    window.pong(window.ping(0.0)[0], 0.01)
    window.ping(1.0)
    window.lost()
    assert (window.stats().up, window.stats().rtt_ms) == (False, 0.0)
    window.connected(9.0)
    assert (window.stats().up, window.stats().loss_pct) == (True, 50.0)


def test_a_target_that_answers_nothing_is_silent_after_a_while() -> None:
    window = ProbeWindow("t")
    window.connected(5.0)
    assert not window.is_silent(5.0 + SILENCE_S)
    assert window.is_silent(5.1 + SILENCE_S)
    window.pong(window.ping(14.0)[0], 15.0)
    assert not window.is_silent(5.1 + SILENCE_S)


def test_gossip_goes_with_every_tenth_ping_from_the_first_on() -> None:
    window = ProbeWindow("t")
    gossips = [window.ping(float(second))[1] for second in range(25)]
    assert [second for second, gossiped in enumerate(gossips) if gossiped] == [0, GOSSIP_EVERY, 2 * GOSSIP_EVERY]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=200))
def test_whatever_is_answered_the_figures_stay_within_their_bounds(steps: list[tuple[bool, int]]) -> None:
    """Answers twice, late and to nothing included."""
    window, now, sent = ProbeWindow("t"), 0.0, [0]
    for pings, back in steps:
        now += 0.5
        if pings:
            sent.append(window.ping(now)[0])
        else:
            window.pong(sent[-min(back + 1, len(sent))], now)
    stats = window.stats()
    assert 0.0 <= stats.loss_pct <= 100.0
    assert 0.0 <= stats.rtt_ms <= now * 1000
    assert 0.0 <= stats.jitter_ms <= now * 1000
