"""What ports that several servers saw say about a router (calls.md §7.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wzp_core.nat.allocation import (
    UNKNOWN,
    Allocation,
    AllocationKind,
    allocation_by_all,
    allocation_of,
    parse_allocation,
)


@pytest.mark.parametrize(
    ("ports", "text"),
    [
        ((), "unknown"),
        ((40_000,), "unknown"),
        ((40_000, 40_000), "port-preserving"),
        ((40_000, 40_001), "unknown"),
        ((40_000, 40_001, 40_002), "sequential(delta=1)"),
        ((40_000, 40_002, 40_005, 40_007), "sequential(delta=2)"),
        ((65_534, 65_535, 0, 1), "sequential(delta=1)"),
        ((40_003, 40_002, 40_001), "sequential(delta=-1)"),
        ((40_000, 40_001, 40_002, 40_003, 40_090), "sequential(delta=1)"),
        ((40_000, 40_001, 40_004), "sequential(delta=1)"),  # others took ports in between
        ((40_000, 40_004, 40_010), "sequential(delta=2)"),
        ((40_010, 40_007, 40_001), "sequential(delta=-3)"),
        ((40_000, 40_003, 40_001), "random"),
        ((40_000, 40_001, 40_200), "random"),
        ((40_000, 40_000, 40_900), "random"),
        ((51_000, 2_300, 40_111, 9_000), "random"),
    ],
)
def test_ports_are_told_apart(ports: tuple[int, ...], text: str) -> None:
    assert allocation_of(ports).text() == text


def test_both_spellings_are_understood_and_others_are_unknown() -> None:
    assert parse_allocation("sequential:2") == parse_allocation("sequential(delta=2)")
    assert parse_allocation("preserving") == Allocation(AllocationKind.PRESERVING)
    assert parse_allocation("port-preserving") == Allocation(AllocationKind.PRESERVING)
    for strange in ("", "sequential", "sequential(delta=)", "sequential(delta=1000000)", "RANDOM"):
        assert parse_allocation(strange) == UNKNOWN


@given(st.lists(st.integers(0, 65_535), max_size=8))
def test_what_is_written_is_read_back(ports: list[int]) -> None:
    allocation = allocation_of(tuple(ports))
    assert parse_allocation(allocation.text()) == allocation


@pytest.mark.parametrize(
    ("servers", "relays", "kind"),
    [
        ((40_000, 40_001), (40_002,), AllocationKind.SEQUENTIAL),  # asked after them
        ((40_001, 40_002), (40_000,), AllocationKind.SEQUENTIAL),  # in use before
        ((48_032, 7_279), (31_000,), AllocationKind.RANDOM),
        ((40_000, 40_000), (40_000,), AllocationKind.PRESERVING),
        ((40_000, 40_001), (), AllocationKind.UNKNOWN),
    ],
)
def test_two_servers_and_a_relay_tell_how_ports_are_given_out(
    servers: tuple[int, ...], relays: tuple[int, ...], kind: AllocationKind
) -> None:
    assert allocation_by_all(servers, relays).kind is kind
