"""Which packets of one key were seen already."""

WINDOW = 1024


class ReplayWindow:
    """The newest 1024 packet indices (e2e.md §3); older ones count as seen."""

    __slots__ = ("_highest", "_seen")

    def __init__(self) -> None:
        self._highest = -1
        self._seen = 0  # bit n: index `_highest - n`

    def is_fresh(self, index: int) -> bool:
        behind = self._highest - index
        return behind < 0 or (behind < WINDOW and not self._seen >> behind & 1)

    def mark(self, index: int) -> None:
        """Only for an authentic packet: a forged one must not move the window."""
        ahead = index - self._highest
        if ahead > 0:
            self._seen = (self._seen << min(ahead, WINDOW) | 1) & ((1 << WINDOW) - 1)
            self._highest = index
        else:
            self._seen |= 1 << -ahead
