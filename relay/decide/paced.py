"""Who still waits for the newest list, and how many may have it now."""

from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

ROUND_S = 0.1  # from the start of one round of lists to the next: changes in between cost nothing
TURN_S = 0.025
_ENTRIES_PER_TURN = 1000  # about 10 ms of work, which is what media may have to wait for

K = TypeVar("K", bound=Hashable)


class Paced(Generic[K]):
    """Spreads full lists over time: n lists of n entries would cost n² at every change.

    A receiver gets at most one list a round, always the newest, and all receivers together a bounded number of
    entries a turn, one after the other.
    """

    def __init__(self, round_s: float = ROUND_S) -> None:
        self._round_s = round_s
        self._waiting: dict[K, None] = {}  # of this round
        self._next: dict[K, None] = {}  # served already, and out of date again
        self._turn_at = self._round_at = float("-inf")

    @property
    def due_at(self) -> float | None:
        """When `take` has something to give; None while nobody waits."""
        if self._waiting:
            return self._turn_at
        return max(self._turn_at, self._round_at) if self._next else None

    def mark(self, receivers: Iterable[K]) -> None:
        """Their list is out of date; whoever waits already keeps its turn."""
        for receiver in receivers:
            if receiver not in self._waiting:
                self._next[receiver] = None

    def forget(self, receiver: K) -> None:
        self._waiting.pop(receiver, None)
        self._next.pop(receiver, None)

    def rest(self, now: float) -> None:
        """Somebody else has had this turn."""
        self._turn_at = max(self._turn_at, now + TURN_S)

    def take(self, now: float, entries_of: Callable[[K], int]) -> list[K]:
        """Receivers whose turn it is; `entries_of` is the length of a receiver's list."""
        due = self.due_at
        if due is None or now < due:
            return []
        if not self._waiting:
            self._waiting, self._next = self._next, {}
            self._round_at = now + self._round_s
        self._turn_at = now + TURN_S
        budget, turn = _ENTRIES_PER_TURN, []
        while self._waiting and budget > 0:
            receiver = next(iter(self._waiting))
            del self._waiting[receiver]
            budget -= entries_of(receiver)
            turn.append(receiver)
        return turn
