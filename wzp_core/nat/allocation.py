"""How a router gives out ports, told by what several servers saw of one socket (calls.md §7.2)."""

import math
import re
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Final

_SHARE: Final = 0.6
_NEAR: Final = 64  # steps one way no longer than this are a counter that others use too; chance makes none in practice
_TEXT: Final = re.compile(r"sequential(?:\(delta=(-?\d{1,5})\)|:(-?\d{1,5}))")


class AllocationKind(Enum):
    PRESERVING = "port-preserving"  # one port for all destinations
    SEQUENTIAL = "sequential"
    RANDOM = "random"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Allocation:
    kind: AllocationKind
    delta: int = 0  # of a sequential one

    def text(self) -> str:
        """As on the wire."""
        if self.kind is AllocationKind.SEQUENTIAL:
            return f"sequential(delta={self.delta})"
        return str(self.kind.value)


UNKNOWN: Final = Allocation(AllocationKind.UNKNOWN)


def allocation_of(ports: tuple[int, ...]) -> Allocation:
    """Ports of one socket, oldest first."""
    if len(ports) < 2:
        return UNKNOWN
    if len(set(ports)) == 1:
        return Allocation(AllocationKind.PRESERVING)
    if len(ports) == 2:
        return UNKNOWN
    deltas = [_wrapped(after - before) for before, after in pairwise(ports)]
    first = deltas[0]
    if first == 0:
        return Allocation(AllocationKind.RANDOM)
    if all(abs(delta - first) <= 1 for delta in deltas):
        return Allocation(AllocationKind.SEQUENTIAL, first)
    for delta, count in Counter(deltas).items():
        if delta != 0 and count >= math.ceil(_SHARE * len(deltas)):
            return Allocation(AllocationKind.SEQUENTIAL, delta)
    if max(map(abs, deltas)) <= _NEAR and len({delta > 0 for delta in deltas}) == 1:
        return Allocation(AllocationKind.SEQUENTIAL, math.gcd(*deltas) * (1 if first > 0 else -1))
    return Allocation(AllocationKind.RANDOM)


def allocation_by_all(servers: tuple[int, ...], relays: tuple[int, ...]) -> Allocation:
    """The same with ports that relays saw besides: a relay may have been spoken to before or after the servers."""
    after, before = allocation_of((*servers, *relays)), allocation_of((*relays, *servers))
    return before if before.kind is AllocationKind.SEQUENTIAL else after


def parse_allocation(text: str) -> Allocation:
    """Both spellings of the wire; anything else is unknown."""
    if (found := _TEXT.fullmatch(text)) is not None:
        return Allocation(AllocationKind.SEQUENTIAL, int(found[1] or found[2]))
    match text:
        case "port-preserving" | "preserving":
            return Allocation(AllocationKind.PRESERVING)
        case "random":
            return Allocation(AllocationKind.RANDOM)
    return UNKNOWN


def _wrapped(delta: int) -> int:
    return (delta + 32_768) % 65_536 - 32_768
