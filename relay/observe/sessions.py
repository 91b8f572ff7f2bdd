"""How each participant fares, by what its packets and signals tell, and how long handshakes took."""

import itertools
import secrets
from bisect import bisect_left
from collections.abc import Iterator

from wzp_core.protocol.media.report import QualityReport
from wzp_core.protocol.signal.quality import LossRecoveryUpdate

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


class SessionRecord:
    """One participant's session. What its client claims is shown as told, and dies with the session."""

    __slots__ = ("depth", "dred", "overruns", "plc", "report", "session_id", "tells_recovery", "underruns")

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        self.report = b""  # the latest, as coded: decoded only when somebody asks
        self.tells_recovery = False
        self.dred = 0
        self.plc = 0
        self.depth: int | None = None  # these three only newer clients tell
        self.underruns: int | None = None
        self.overruns: int | None = None

    @property
    def quality(self) -> QualityReport | None:
        return QualityReport.decode(self.report) if self.report else None

    def recovered(self, update: LossRecoveryUpdate) -> None:
        """Totals only rise: what a restarted or confused client tells beneath them changes nothing."""
        self.tells_recovery = True
        self.dred = max(self.dred, update.dred_reconstructions)
        self.plc = max(self.plc, update.classical_plc_invocations)
        self.depth = update.jitter_buffer_depth
        self.underruns = _risen(self.underruns, update.underruns)
        self.overruns = _risen(self.overruns, update.overruns)


def _risen(before: int | None, told: int | None) -> int | None:
    return before if told is None else max(before or 0, told)


class Sessions:
    """Everybody who has a place in a room, which bounds their number."""

    def __init__(self) -> None:
        self.handshakes = Durations()  # from an open link to the answer
        self._open: set[SessionRecord] = set()
        self._numbers = itertools.count(1)

    def __iter__(self) -> Iterator[SessionRecord]:
        return iter(self._open)

    def open(self) -> SessionRecord:
        """Under an id that tells nothing of who it is: a number and chance, 32 hex digits."""
        record = SessionRecord((next(self._numbers).to_bytes(8, "little") + secrets.token_bytes(8)).hex())
        self._open.add(record)
        return record

    def close(self, record: SessionRecord) -> None:
        self._open.discard(record)
