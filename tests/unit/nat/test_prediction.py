"""Ports foreseen, against routers that count while others use them."""

import random

import pytest

from wzp_core.nat.allocation import allocation_of
from wzp_core.nat.prediction import MOST_PREDICTED, RUNGS, predicted_ports, rungs


def test_the_window_lies_around_what_was_seen() -> None:
    assert predicted_ports((40_001, 40_002, 40_003), 1)[:6] == (40_004, 40_000, 40_005, 39_999, 40_006, 39_998)
    assert predicted_ports((), 1) == ()
    assert 0 not in predicted_ports((65_533, 65_534), 1)


@pytest.mark.parametrize("delta", [1, 2, -1])
@pytest.mark.parametrize("asks_first", [True, False])
def test_nineteen_of_twenty_ports_are_foreseen_with_other_traffic_on_the_router(delta: int, asks_first: bool) -> None:
    chance, hits = random.Random(1), 0
    for _ in range(400):
        port = chance.randrange(65_536)

        def take() -> int:
            nonlocal port
            port = (port + delta * (1 + sum(chance.random() < 0.3 for _ in range(10)))) % 65_536
            return port

        if not asks_first:
            ours = take()
        seen = tuple(take() for _ in range(4))
        if asks_first:
            ours = take()
        hits += ours in predicted_ports(seen, delta)
    assert hits >= 0.95 * 400
    assert len(predicted_ports(seen, delta)) <= MOST_PREDICTED


def test_steps_of_one_that_look_like_steps_of_two_are_foreseen() -> None:
    chance, hits = random.Random(1), 0
    for _ in range(400):
        port, seen = chance.randrange(65_536), []
        for _ in range(4):
            port = (port + 1 + (chance.random() < 0.3)) % 65_536
            seen.append(port)
        known = allocation_of(tuple(seen[:3]))
        hits += seen[3] in predicted_ports(tuple(seen[:3]), known.delta)
    assert hits == 400


@pytest.mark.parametrize("delta", [1, 2, -1])
def test_a_port_taken_between_two_questions_is_foreseen(delta: int) -> None:
    for start in (40_000, 65_530, 3):
        seen = tuple((start + delta * step) % 65_536 for step in (0, 3, 7))
        foreseen = predicted_ports(seen, delta)[:30]
        assert {(start + delta * step) % 65_536 for step in (1, 2, 4, 5, 6)} - {0} <= set(foreseen)


def test_the_rungs_of_two_routers_that_count_lead_to_each_other() -> None:
    ours, theirs = rungs(40_000, 1), rungs(65_534, 2)
    assert ours[:2] == (40_001, 40_002)
    assert theirs[:2] == (2, 4)  # port 0 is no port
    assert len(ours) == RUNGS
