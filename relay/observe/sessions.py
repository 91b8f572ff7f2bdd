"""Who has a place in a room, and how long handshakes took."""

import itertools
import secrets
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

from relay.decide.session_record import SessionRecord

HANDSHAKE_BOUNDS_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Durations:
    """A histogram of seconds."""

    def __init__(self, bounds_s: tuple[float, ...] = HANDSHAKE_BOUNDS_S) -> None:
        self.bounds_s = bounds_s
        self.counts = [0] * (len(bounds_s) + 1)  # up to each bound, and the rest
        self.sum_s = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(self.bounds_s, seconds)] += 1
        self.sum_s += seconds

    def totals(self) -> dict[str, int]:
        """As whole numbers, which may be added up with those of other processes."""
        return {str(place): count for place, count in enumerate(self.counts)} | {"us": round(self.sum_s * 1e6)}

    def add(self, totals: Mapping[str, int]) -> None:
        """What another one has told by `totals`."""
        self.counts = [count + totals.get(str(place), 0) for place, count in enumerate(self.counts)]
        self.sum_s += totals.get("us", 0) / 1e6


class Sessions:
    """Everybody who has a place in a room, which bounds their number."""

    def __init__(self) -> None:
        self.handshakes = Durations()  # from an open link to the answer
        self._open: dict[str, SessionRecord] = {}
        self._numbers = itertools.count(1)

    def __iter__(self) -> Iterator[SessionRecord]:
        return iter(self._open.values())

    def open(self) -> SessionRecord:
        """Under an id that tells nothing of who it is: a number and chance, 32 hex digits."""
        record = SessionRecord((next(self._numbers).to_bytes(8, "little") + secrets.token_bytes(8)).hex())
        self._open[record.session_id] = record
        return record

    def close(self, record: SessionRecord) -> None:
        self._open.pop(record.session_id, None)

    def beside(self, others: Iterable[SessionRecord], handshakes: Mapping[str, int]) -> "Sessions":
        """These and those of other processes, as of now."""
        together = Sessions()
        together._open = self._open | {record.session_id: record for record in others}
        for totals in (self.handshakes.totals(), handshakes):
            together.handshakes.add(totals)
        return together
