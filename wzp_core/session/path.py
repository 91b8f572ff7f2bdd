"""Which way the media of one call goes: by the relay first, direct once both ends proved it, back when that dies."""

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from wzp_core.protocol.ids import CallId
from wzp_core.protocol.signal.path import MediaPathReport
from wzp_core.session.state import PathReason

REPORT_LIMIT_S: Final = 3.0  # for the peer's report; an older build sends none
_AFTER_LOSS_S: Final = 1.0
_REST_S: Final = 15.0
_REST_GROWTH: Final = 2.0
_LONGEST_REST_S: Final = 300.0


class PathPhase(Enum):
    SEARCHING = "searching"  # on the relay
    PROVEN = "proven"  # on the relay; the peer's report is awaited
    DIRECT = "direct"
    RESTING = "resting"  # on the relay, until something changes or it is time to try again
    FORBIDDEN = "forbidden"  # on the relay, until the user allows more


@dataclass(frozen=True, slots=True)
class Proven:
    """A direct link is up, and its other end holds the call's keys."""


@dataclass(frozen=True, slots=True)
class SearchFailed:
    reason: PathReason


@dataclass(frozen=True, slots=True)
class DirectLost:
    """The direct link ended or fell silent."""


@dataclass(frozen=True, slots=True)
class CandidatesChanged:
    """Ours (a new network) or the peer's (its update)."""

    ours: bool


@dataclass(frozen=True, slots=True)
class Allowed:
    """The user's setting, which may change in a call: whether it may be direct."""

    direct: bool


@dataclass(frozen=True, slots=True)
class PathTimer:
    """`deadline` has passed."""


@dataclass(frozen=True, slots=True)
class Search:
    """Looks for a direct path from the beginning, in place of any search that runs."""

    announce: bool  # tell the peer our candidates, so that it looks at the same time


@dataclass(frozen=True, slots=True)
class WarnPeer:
    """The direct path may have broken on our side: the peer should doubt it now and not wait for silence."""


@dataclass(frozen=True, slots=True)
class Move:
    """Media goes this way from now on."""

    direct: bool


@dataclass(frozen=True, slots=True)
class DropDirect:
    """Closes the direct link, if there is one."""


@dataclass(frozen=True, slots=True)
class StopSearch:
    """Ends the search that runs, if one does."""


@dataclass(frozen=True, slots=True)
class Report:
    message: MediaPathReport


PathInput: TypeAlias = MediaPathReport | Proven | SearchFailed | DirectLost | CandidatesChanged | Allowed | PathTimer
PathEffect: TypeAlias = Search | StopSearch | WarnPeer | Move | DropDirect | Report


class PathChoice:
    """A machine; begins with a search under way."""

    def __init__(self, call_id: CallId) -> None:
        self._call_id = call_id
        self._peer_ok = False
        self._failures = 0
        self.phase = PathPhase.SEARCHING
        self.reason: PathReason | None = PathReason.TRYING
        self.deadline: float | None = None

    @property
    def is_direct(self) -> bool:
        return self.phase is PathPhase.DIRECT

    def handle(self, event: PathInput, now: float) -> list[PathEffect]:
        match self.phase, event:
            case _, MediaPathReport(call_id=call_id) if call_id != self._call_id:
                return []
            case PathPhase.FORBIDDEN, Allowed(direct=True):
                return self._search(announce=True)
            case PathPhase.FORBIDDEN, _:
                return []
            case _, Allowed(direct=direct):
                return [] if direct else self._forbid()
            case PathPhase.SEARCHING, Proven():
                return [self._report(ok=True), *self._proven(now)]
            case PathPhase.SEARCHING, SearchFailed(reason=reason):
                return [self._report(ok=False), *self._rest(reason, now)]
            case _, MediaPathReport(direct_ok=True):
                self._peer_ok = True
                return self._agreed() if self.phase is PathPhase.PROVEN else []
            case PathPhase.DIRECT | PathPhase.PROVEN, MediaPathReport():
                return self._fall_back(now)
            case _, MediaPathReport():
                self._peer_ok = False
                return []
            case PathPhase.DIRECT | PathPhase.PROVEN, DirectLost():
                return [*self._fall_back(now), self._report(ok=False)]
            case PathPhase.PROVEN, PathTimer():
                return [DropDirect(), *self._rest(PathReason.PEER_OLD, now)]
            case PathPhase.RESTING, PathTimer():
                return self._search(announce=True)
            case PathPhase.DIRECT, CandidatesChanged(ours=True):
                return [WarnPeer()]
            case PathPhase.RESTING | PathPhase.SEARCHING, CandidatesChanged(ours=ours):
                self._failures = 0
                return self._search(announce=ours)
        return []

    def _proven(self, now: float) -> list[PathEffect]:
        if self._peer_ok:
            return self._agreed()
        self.phase, self.deadline = PathPhase.PROVEN, now + REPORT_LIMIT_S
        return []

    def _agreed(self) -> list[PathEffect]:
        self.phase, self.deadline, self.reason, self._failures = PathPhase.DIRECT, None, None, 0
        return [Move(direct=True)]

    def _fall_back(self, now: float) -> list[PathEffect]:
        self.phase, self.deadline = PathPhase.RESTING, now + _AFTER_LOSS_S
        self.reason, self._peer_ok = PathReason.PATH_LOST, False
        return [Move(direct=False), DropDirect()]

    def _forbid(self) -> list[PathEffect]:
        away: list[PathEffect] = [Move(direct=False)] if self.is_direct else []
        self.phase, self.deadline, self.reason = PathPhase.FORBIDDEN, None, PathReason.SETTING
        self._peer_ok = False
        return [*away, StopSearch(), DropDirect(), self._report(ok=False)]

    def _rest(self, reason: PathReason, now: float) -> list[PathEffect]:
        rest = min(_LONGEST_REST_S, _REST_S * _REST_GROWTH**self._failures)
        self._failures = min(self._failures + 1, 16)
        self.phase, self.deadline, self.reason = PathPhase.RESTING, now + rest, reason
        self._peer_ok = False
        return []

    def _search(self, *, announce: bool) -> list[PathEffect]:
        self.phase, self.deadline = PathPhase.SEARCHING, None
        if self.reason is not PathReason.PATH_LOST:
            self.reason = PathReason.TRYING
        return [Search(announce=announce)]

    def _report(self, *, ok: bool) -> Report:
        winner = "Direct" if ok else "Relay"
        return Report(MediaPathReport(call_id=self._call_id, direct_ok=ok, race_winner=winner))
