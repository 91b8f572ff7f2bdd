"""Who still waits for the newest list, and how many may have it now."""

from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

INTERVAL_S = 0.1
_ENTRIES_PER_TURN = 4000  # list entries written in one turn: about 10 ms of work

K = TypeVar("K", bound=Hashable)


class Paced(Generic[K]):
    """Spreads full lists over time: n lists of n entries would cost n² at every change.

    A receiver gets at most ten lists a second, always the newest, and all receivers together a bounded number of
    entries a second, in turn.
    """

    def __init__(self) -> None:
        self._waiting: dict[K, None] = {}
        self._open_at = float("-inf")

    @property
    def due_at(self) -> float | None:
        """When `take` has something to give; None while nobody waits."""
        return self._open_at if self._waiting else None

    def mark(self, receivers: Iterable[K]) -> None:
        """Their list is out of date; whoever waits already keeps its turn."""
        for receiver in receivers:
            self._waiting.setdefault(receiver)

    def forget(self, receiver: K) -> None:
        self._waiting.pop(receiver, None)

    def take(self, now: float, entries_of: Callable[[K], int]) -> list[K]:
        """Receivers whose turn it is; `entries_of` is the length of a receiver's list."""
        if now < self._open_at or not self._waiting:
            return []
        self._open_at = now + INTERVAL_S
        budget, turn = _ENTRIES_PER_TURN, []
        while self._waiting and budget > 0:
            receiver = next(iter(self._waiting))
            del self._waiting[receiver]
            budget -= entries_of(receiver)
            turn.append(receiver)
        return turn
