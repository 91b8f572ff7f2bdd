"""Meetings by chance: how likely, and that nobody is flooded."""

import random

from wzp_core.nat.birthday import FIRST, HIGHEST_PORT, LOWEST_PORT, SECOND, guesses, meeting_chance


def test_the_first_stage_rarely_meets_and_the_second_nearly_always() -> None:
    assert 0.05 < meeting_chance(FIRST) < 0.08
    assert meeting_chance(SECOND) > 0.98
    assert SECOND.guesses * SECOND.interval_s < 3.5  # at least 300 a second
    assert FIRST.guesses * FIRST.interval_s < 3


def test_guesses_are_different_ports_above_the_well_known_ones_and_meet_as_reckoned() -> None:
    chance, met = random.Random(1), 0
    for _ in range(100):
        opened = set(chance.sample(range(LOWEST_PORT, HIGHEST_PORT + 1), SECOND.sockets))
        guessed = guesses(chance.randbytes(4 * SECOND.guesses), SECOND.guesses)
        assert len(set(guessed)) == len(guessed) <= SECOND.guesses
        assert all(LOWEST_PORT <= port <= HIGHEST_PORT for port in guessed)
        met += bool(opened & set(guessed))
    assert met >= 95
