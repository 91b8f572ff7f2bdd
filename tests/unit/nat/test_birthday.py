"""Meetings by chance: that they happen, and that nobody is flooded."""

import random

from wzp_core.nat.birthday import FIRST, HIGHEST_PORT, LOWEST_PORT, SECOND, guesses


def test_neither_stage_keeps_anybody_waiting_for_long() -> None:
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
